/// The script that bash reads.
func bashCompletions(_ commands: [CompletedCommand]) -> String {
  let words = commands.flatMap(\.selections).map { "'\($0)'" }.joined(separator: " | ")
  let passing = commands.compactMap { command in
    command.behindDashes.map { "      '\(command.name)') command='\($0)' dashes= ;;\n" }
  }
  return #"""
    # Completes the command lines of cnn-mpi \#(CNNMPI.version) in bash; made by: cnn-mpi completions bash

    # Offers words, and directories or files: _cnn_mpi_offer none|directories|files [WORD...]
    _cnn_mpi_offer() {
      mapfile -t COMPREPLY < <(
        compgen -W "${*:2}" -- "$current"
        case $1 in
          directories) compgen -d -- "$current" ;;
          files) compgen -f -- "$current" ;;
        esac
      )
      # A directory gets a slash, and no blank behind it.
      [[ $1 == none ]] || compopt -o filenames 2>/dev/null
    }

    _cnn_mpi() {
      local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
      local command= dashes= members= operand=none options= i
      # --option=value comes as three words.
      if [[ $current == '=' ]]; then
        current=
      elif [[ $previous == '=' ]]; then
        previous=${COMP_WORDS[COMP_CWORD - 2]}
      fi
      # The words in front that select a command; where there is none, but something else, it is train.
      for ((i = 1; i < COMP_CWORD; i++)); do
        case "$command ${COMP_WORDS[i]}" in
          \#(words))
            command="$command${command:+ }${COMP_WORDS[i]}" ;;
          *) break ;;
        esac
      done
      if [[ -z $command && $i -lt $COMP_CWORD ]]; then command=train; fi
      for ((; i < COMP_CWORD; i++)); do
        if [[ ${COMP_WORDS[i]} == -- ]]; then
          dashes=yes
          break
        fi
      done
      [[ -z $dashes ]] || case $command in
    \#(passing.joined())      *) ;;
      esac

      case $command in
    \#(commands.map(branch).joined(separator: "\n"))
      esac
      if [[ $current == -* && -z $dashes ]]; then
        _cnn_mpi_offer none "$options"
      elif [[ -n $members || $operand != none ]]; then
        _cnn_mpi_offer "$operand" "$members"
      elif [[ -z $dashes ]]; then
        _cnn_mpi_offer none "$options"
      fi
    }

    complete -F _cnn_mpi cnn-mpi
    """#
}

/// What can follow a command's words: values behind options, or else options, commands and paths.
private func branch(_ command: CompletedCommand) -> String {
  var lines = [
    "    '\(command.name)')",
    "      options='\(command.options.flatMap(\.names).joined(separator: " "))'",
  ]
  if !command.members.isEmpty {
    lines.append("      members='\(command.members.map(\.word).joined(separator: " "))'")
  }
  if let operand = command.operand {
    lines.append("      operand=\(CompletedValue(placeholder: operand).paths.rawValue)")
  }
  let values = command.optionsByValue.map { value, options in
    let names = options.flatMap(\.names).joined(separator: " | ")
    return value.isEmpty
      ? "        \(names)) return ;;" : "        \(names)) _cnn_mpi_offer \(value.arguments); return ;;"
  }
  if !values.isEmpty { lines += ["      [[ -n $dashes ]] || case $previous in"] + values + ["      esac"] }
  return (lines + ["      ;;"]).joined(separator: "\n")
}

extension CompletedCommand {
  /// The word that leads to a command, behind those in front of it and a blank, such as `bench step` or ` bench`.
  var selections: [String] { members.map { "\(name) \($0.word)" } }

  /// Options with the same values, in the order of the first of each.
  fileprivate var optionsByValue: [(CompletedValue, [ListedOption])] {
    var values: [CompletedValue] = []
    for case let value? in options.map(\.value) where !values.contains(value) { values.append(value) }
    return values.map { value in (value, options.filter { $0.value == value }) }
  }
}
