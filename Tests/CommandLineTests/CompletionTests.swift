import Foundation
import TestSupport
import Testing

@Suite struct CompletionTests {
  /// A command line up to the cursor, what has to be offered, and what must not.
  struct Case: Sendable {
    let line: [String]
    var offered: [String] = []
    var missing: [String] = []
  }

  static let cases = [
    Case(
      line: [""], offered: ["train", "evaluate", "bench", "scaling", "completions"],
      missing: ["gemm", "folder"]),
    Case(line: ["ev"], offered: ["evaluate"], missing: ["train"]),
    Case(line: ["bench", ""], offered: ["gemm", "layers", "step", "allreduce"], missing: ["train"]),
    Case(line: ["scaling", "r"], offered: ["run", "report"]),
    Case(line: ["--ep"], offered: ["--epochs"], missing: ["--data"]),
    Case(line: ["--epochs", "3", "--se"], offered: ["--seed"], missing: ["--epochs"]),
    Case(line: ["evaluate", "--p"], offered: ["--part"], missing: ["--optimizer"]),
    Case(
      line: ["--optimizer", ""], offered: ["sgd", "adam", "adamw", "lars", "lamb"],
      missing: ["folder", "file.json", "train"]),
    Case(line: ["bench", "step", "--compress", "b"], offered: ["bf16"], missing: ["fp16"]),
    Case(line: ["--model", "m"], offered: ["mnist-cnn", "mnist-bn"], missing: ["lenet5"]),
    Case(line: ["--model", "f"], offered: ["file.json"], missing: ["mnist-cnn"]),
    Case(line: ["--data", ""], offered: ["synthetic", "folder", "file.json"], missing: ["train"]),
    Case(line: ["--data", "s"], offered: ["synthetic"], missing: ["folder"]),
    Case(line: ["predict", "--model", "a", "f"], offered: ["folder", "file.json"]),
    Case(line: ["plot", ""], offered: ["folder"], missing: ["file.json"]),
    Case(line: ["--epochs", ""], missing: ["train", "folder", "file.json", "--epochs"]),
    Case(line: ["completions", ""], offered: ["bash", "zsh", "fish"]),
  ]

  /// Calls `body` with a directory of `folder`, `file.json` and the shell's script.
  private func withScript(_ shell: String, _ body: (_ directory: String, _ script: String) throws -> Void)
    throws
  {
    try withTemporaryDirectory { directory in
      let script = try Program.run(["completions", shell])
      #expect(script.exitCode == 0 && script.errors.isEmpty)
      let here = "\(directory)/here"
      try FileManager.default.createDirectory(atPath: "\(here)/folder", withIntermediateDirectories: true)
      try Data().write(to: URL(fileURLWithPath: "\(here)/file.json"))
      try Data(script.output.utf8).write(to: URL(fileURLWithPath: "\(directory)/script"))
      try body(here, "\(directory)/script")
    }
  }

  /// Runs a shell on command lines that end at the cursor; what it offers for each, without a directory's slash.
  private func offers(_ shell: [String], _ lines: [String], in directory: String) throws -> [Set<String>] {
    let program = try RunningProgram(shell + lines, [:], directory, seconds: 120).wait()
    #expect(program.exitCode == 0 && program.errors.isEmpty, "\(program.errors)")
    let answers = program.output.components(separatedBy: "== end\n").dropLast()
    try #require(answers.count == lines.count, "\(program.output)")
    return answers.map {
      Set($0.split(separator: "\n").map { String($0.hasSuffix("/") ? $0.dropLast() : $0) })
    }
  }

  private func check(_ shell: [String], _ cases: [Case], in directory: String) throws {
    let lines = cases.map { (["cnn-mpi"] + $0.line).joined(separator: " ") }
    for (test, found) in zip(cases, try offers(shell, lines, in: directory)) {
      #expect(found.isSuperset(of: test.offered), "\(shell[0]): \(test.line): \(found)")
      #expect(found.isDisjoint(with: test.missing), "\(shell[0]): \(test.line): \(found)")
    }
  }

  /// Calls the function as bash does: with the words split at blanks and equals signs.
  private static let bash = """
    source "$0"
    complete -p cnn-mpi >/dev/null || exit
    for line in "$@"; do
      IFS=' ' read -ra COMP_WORDS <<<"${line//=/ = }"
      [[ $line != *[\\ =] ]] || COMP_WORDS+=('')
      [[ $line != *= ]] || unset 'COMP_WORDS[-1]'
      COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMPREPLY=()
      _cnn_mpi cnn-mpi "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
      [[ ${#COMPREPLY[@]} -eq 0 ]] || printf '%s\\n' "${COMPREPLY[@]}"
      echo '== end'
    done
    """

  private static let fish = """
    source $argv[1]
    for line in $argv[2..-1]
        complete -C $line | string replace -r '\\t.*' ''
        echo '== end'
    end
    """

  /// Types a line and a tab on a terminal, where each match is printed as it is found.
  private static let zsh = #"""
    zmodload zsh/zpty
    for line in "${@[2,-1]}"; do
      zpty shell zsh -f -i
      zpty -w shell "autoload -Uz compinit; compinit -u -D; source $1
    compadd() {
      local -a found; local match
      if [[ \"\${@[1,(i)(-|--)]}\" != *-[OAD]\ * ]]; then
        builtin compadd -A found \"\$@\"
        for match in \$found; do print -r -- \"match:\$match\"; done
      fi
      builtin compadd \"\$@\"
    }
    PROMPT=rea''dy"
      # By its prompt the line editor has taken the terminal over.
      zpty -r shell output '*ready*'
      zpty -w -n shell "$line"$'\t'
      zpty -w -n shell $'\x15'"print do''ne"$'\n'
      zpty -r shell output '*done*'
      zpty -d shell
      for match in ${(f)${output//$'\r'/}}; do
        [[ $match != *match:* ]] || print -r -- "${match##*match:}"
      done
      echo '== end'
    done
    """#

  @Test func bashCompletes() throws {
    let more = [
      Case(line: ["--model=l"], offered: ["lenet5"], missing: ["mnist-cnn"]),
      Case(line: ["--optimizer="], offered: ["sgd", "adam", "adamw", "lars", "lamb"]),
      Case(line: ["scaling", "run", "--ranks", "2", "--", "--conv", ""], offered: ["im2col"]),
      Case(line: ["scaling", "run", "--ranks", "2", "--", "--ep"], offered: ["--epochs"]),
      Case(line: ["predict", "--model", "a", "--", "-"], missing: ["--model", "--help"]),
    ]
    try withScript("bash") { directory, script in
      try check(["bash", "-c", Self.bash, script], Self.cases + more, in: directory)
    }
  }

  @Test(.enabled(if: isInstalled("zsh"), "no zsh: apt install zsh"))
  func zshCompletes() throws {
    let more = [
      Case(line: ["--model=l"], offered: ["lenet5"], missing: ["mnist-cnn"]),
      Case(line: ["scaling", "run", "--ranks", "2", "--", "--conv", ""], offered: ["im2col"]),
    ]
    try withScript("zsh") { directory, script in
      try check(["zsh", "-f", "-c", Self.zsh, "zsh", script], Self.cases + more, in: directory)
    }
  }

  @Test(.enabled(if: isInstalled("fish"), "no fish: apt install fish"))
  func fishCompletes() throws {
    try withScript("fish") { directory, script in
      try check(["fish", "--no-config", "-c", Self.fish, script], Self.cases, in: directory)
    }
  }

  /// What bash offers behind each command is what its help lists.
  @Test func allOptionsOfAllCommandsAreOffered() throws {
    let commands = try ListedCommand.all()
    try withScript("bash") { directory, script in
      let lines = commands.map { "\($0) -" }
      for (command, found) in zip(
        commands, try offers(["bash", "-c", Self.bash, script], lines, in: directory))
      {
        #expect(found == Set(command.options + ["-h", "--help"]), "\(command)")
      }
    }
  }

  /// Words in small letters that a placeholder names are offered as values.
  @Test func allChoicesAreOffered() throws {
    let choices = try ListedCommand.all().flatMap { command in
      command.options.compactMap { option -> (line: String, words: Set<String>)? in
        let parts = command.placeholder(of: option)?.split(separator: "|").map(String.init) ?? []
        let words = parts.filter { $0.allSatisfy { $0.isLowercase || $0.isNumber } }
        return words.isEmpty ? nil : ("\(command) \(option) ", Set(words))
      }
    }
    try #require(choices.count > 20)
    try withScript("bash") { directory, script in
      let found = try offers(["bash", "-c", Self.bash, script], choices.map(\.line), in: directory)
      for (choice, found) in zip(choices, found) {
        #expect(found.isSuperset(of: choice.words), "\(choice.line): \(found)")
      }
    }
  }

  /// zsh and fish know every option by a line of their scripts.
  @Test func allOptionsAreInEveryScript() throws {
    let commands = try ListedCommand.all()
    let scripts = try ["zsh", "fish"].map { try Program.run(["completions", $0]).output }
    for command in commands {
      let name = command.words.joined(separator: " ")
      let zsh = try #require(scripts[0].components(separatedBy: "\n    ('\(name)')\n").dropFirst().first)
        .components(separatedBy: "\n      ;;")[0]
      for option in command.options.filter({ $0.hasPrefix("--") }) {
        #expect(
          ["=", "'[", "}'["].contains { zsh.contains(option + $0) },
          "\(command): \(option) in zsh")
        #expect(
          scripts[1].split(separator: "\n").contains {
            $0.contains("__cnn_mpi_is '\(name)'\"") && $0.contains(" -l \(option.dropFirst(2)) ")
          }, "\(command): \(option) in fish")
      }
    }
  }
}
