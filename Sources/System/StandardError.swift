import Glibc

/// Prints a line on standard error, in one piece. Where it cannot be written it is lost: there is no other
/// place to say so.
package func printError(_ line: String) {
  _ = "\(line)\n".withCString { write(STDERR_FILENO, $0, strlen($0)) }
}

/// Makes writing to the standard streams fail where it cannot be done, and harm nothing else. The program
/// calls it before it opens anything.
///
/// A write to a pipe that nobody reads fails from now on, and does not end the process. Streams that were
/// closed by whoever started it are taken up by ones that cannot be used: the next file that is opened would
/// get their numbers, and all that is printed.
package func prepareStandardStreams() {
  signal(SIGPIPE, SIG_IGN)
  for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(descriptor, F_GETFD) < 0 {
    // The lowest number that is free.
    _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
  }
}
