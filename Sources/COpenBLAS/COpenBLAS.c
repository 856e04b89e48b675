#include "COpenBLAS.h"

// OpenBLAS starts a thread a core when it is loaded, before main, and each maps a buffer of 128 MiB; where a
// limit of the address space leaves no room for one, it tries for ever. This program's own threads share the
// cores and need none of them. OpenBLAS asks this function of its own how many threads the environment wants
// (driver/others/openblas_env.c), and the dynamic linker prefers the program's.
int openblas_num_threads_env(void) { return 1; }
