/// The script that fish reads. Behind two dashes fish itself knows no options any more.
func fishCompletions(_ commands: [CompletedCommand]) -> String {
  let words = commands.flatMap(\.selections).map { "'\($0)'" }.joined(separator: " ")
  return #"""
    # Completes the command lines of cnn-mpi \#(CNNMPI.version) in fish; made by: cnn-mpi completions fish

    # The words in front that select a command; where there is none, but something else, it is train.
    function __cnn_mpi_command
        set -l command ''
        set -l words (commandline -opc)
        set -e words[1]
        for word in $words
            switch "$command $word"
                case \#(words)
                    set command (string trim -- "$command $word")
                case '*'
                    break
            end
        end
        if test -z "$command"; and set -q words[1]
            set command train
        end
        echo "$command"
    end

    # The command is one of those named.
    function __cnn_mpi_is
        contains -- (__cnn_mpi_command) $argv
    end

    function __cnn_mpi_directories
        __fish_complete_directories (commandline -ct | string replace -r -- '^--[^=]*=' '')
    end

    complete -c cnn-mpi -f
    \#(commands.flatMap(lines).joined(separator: "\n"))
    """#
}

/// A line for each word that can follow the words of a command.
private func lines(_ command: CompletedCommand) -> [String] {
  let start = "complete -c cnn-mpi -n \"__cnn_mpi_is '\(command.name)'\""
  let members = command.members.map { "\(start) -a \($0.word) -d '\(quoted($0.summary))'" }
  let operand = command.operand.map { [start + taken(CompletedValue(placeholder: $0), required: "")] } ?? []
  return members + operand
    + command.options.map { option in
      let letter = option.letter.map { " -s \($0.dropFirst())" } ?? ""
      let value = option.value.map { taken($0, required: " -r") } ?? ""
      return "\(start)\(letter) -l \(option.name.dropFirst(2))\(value) -d '\(quoted(option.help))'"
    }
}

/// The options of `complete` that say what can stand in a place.
///
/// - Parameter required: ` -r` for an option's value.
private func taken(_ value: CompletedValue, required: String) -> String {
  let directories = value.paths == .directories ? ["(__cnn_mpi_directories)"] : []
  let words = (value.words + directories).joined(separator: " ")
  return required + (value.paths == .files ? " -F" : " -f") + (words.isEmpty ? "" : " -a '\(words)'")
}

/// As part of a text in single quotes.
private func quoted(_ text: String) -> String { text.escaping("\\'") }
