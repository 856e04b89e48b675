import Foundation

/// A library that makes opening of some files wait, as on a file system whose server is gone: programs load it
/// by `LD_PRELOAD`.
enum SlowFiles {
  /// What the names of the files contain that never open.
  static let mark = "never-answers"

  private static let source = """
    #define _GNU_SOURCE
    #include <dlfcn.h>
    #include <fcntl.h>
    #include <stdarg.h>
    #include <string.h>
    #include <unistd.h>
    static void look(const char *path) { while (path && strstr(path, "\(mark)")) sleep(1); }
    #define OPEN(name) \\
      int name(const char *path, int flags, ...) { \\
        va_list list; va_start(list, flags); int mode = va_arg(list, int); va_end(list); \\
        look(path); \\
        return ((int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #name))(path, flags, mode); \\
      }
    #define OPENAT(name) \\
      int name(int directory, const char *path, int flags, ...) { \\
        va_list list; va_start(list, flags); int mode = va_arg(list, int); va_end(list); \\
        look(path); \\
        return ((int (*)(int, const char *, int, ...))dlsym(RTLD_NEXT, #name))(directory, path, flags, mode); \\
      }
    OPEN(open) OPEN(open64) OPENAT(openat) OPENAT(openat64)
    """

  /// The environment in which programs meet such files; the library lies in `directory`.
  static func environment(in directory: String) throws -> [String: String] {
    let (text, library) = ("\(directory)/slow.c", "\(directory)/slow.so")
    try source.write(toFile: text, atomically: true, encoding: .utf8)
    let compiler = try RunningProgram(
      ["clang", "-shared", "-fPIC", "-o", library, text, "-ldl"], seconds: 60
    ).wait()
    guard compiler.exitCode == 0 else { throw CompilerError(description: compiler.errors) }
    return ["LD_PRELOAD": library]
  }

  private struct CompilerError: Error, CustomStringConvertible {
    let description: String
  }
}
