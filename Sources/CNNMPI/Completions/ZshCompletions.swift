/// The script that zsh loads as the function `_cnn-mpi`.
func zshCompletions(_ commands: [CompletedCommand]) -> String {
  let words = commands.flatMap(\.selections).map { "'\($0)'" }.joined(separator: " | ")
  let passing = commands.compactMap { command in
    command.behindDashes.map { "      ('\(command.name)') command='\($0)'; i=$(( dashes + 1 )) ;;\n" }
  }
  return #"""
    #compdef cnn-mpi
    # Completes the command lines of cnn-mpi \#(CNNMPI.version) in zsh; made by: cnn-mpi completions zsh

    # Offers words, and directories or files: _cnn_mpi_offer none|directories|files [WORD...]
    _cnn_mpi_offer() {
      local paths=$1 found=1
      shift
      if (( $# )); then compadd -- "$@" && found=0; fi
      case $paths in
        (directories) _files -/ && found=0 ;;
        (files) _files && found=0 ;;
      esac
      return found
    }

    _cnn-mpi() {
      local command=
      local -i i=2 dashes
      # The words in front that select a command; where there is none, but something else, it is train.
      while (( i < CURRENT )); do
        case "$command $words[i]" in
          (\#(words))
            command="$command${command:+ }$words[i]" ;;
          (*) break ;;
        esac
        (( i++ ))
      done
      if [[ -z $command ]] && (( i < CURRENT )); then command=train; fi
      dashes=${words[(i)--]}
      (( dashes >= CURRENT )) || case $command in
    \#(passing.joined())      (*) ;;
      esac
      words=(cnn-mpi "${(@)words[i,-1]}")
      (( CURRENT -= i - 2 ))

      case $command in
    \#(commands.map(branch).joined(separator: "\n"))
      esac
    }

    if [[ $funcstack[1] == _cnn-mpi ]]; then _cnn-mpi "$@"; else compdef _cnn-mpi cnn-mpi; fi
    """#
}

private func branch(_ command: CompletedCommand) -> String {
  var specifications = command.options.map(specification)
  if !command.members.isEmpty {
    let members = command.members.map { "\($0.word)\\:\"\($0.summary.escaping("\\\"$`"))\"" }.joined(
      separator: " ")
    specifications.append("'1:command:((\(quoted(members))))'")
  }
  if let operand = command.operand {
    specifications.append("'*:\(operand): _cnn_mpi_offer \(CompletedValue(placeholder: operand).arguments)'")
  }
  let lines = specifications.map { " \\\n        \($0)" }.joined()
  return "    ('\(command.name)')\n      _arguments\(lines)\n      ;;"
}

/// An option as `_arguments` takes it, such as `'--seed=[of weights]:N:'`.
private func specification(_ option: ListedOption) -> String {
  let explanation = quoted(option.help.escaping("\\[]:"))
  let names = option.letter.map { "'(\($0) \(option.name))'{\($0),\(option.name)}" } ?? option.name
  guard let placeholder = option.placeholder, let value = option.value else {
    return "\(names)'[\(explanation)]'"
  }
  let offered = value.isEmpty ? "" : " _cnn_mpi_offer \(value.arguments)"
  return "\(names)='[\(explanation)]:\(quoted(placeholder.escaping(":"))):\(offered)'"
}

/// As part of a text in single quotes.
private func quoted(_ text: String) -> String {
  text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
}

extension String {
  /// With a backslash before each of some characters.
  func escaping(_ characters: String) -> String {
    String(flatMap { characters.contains($0) ? ["\\", $0] : [$0] })
  }
}
