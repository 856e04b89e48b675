#pragma once

#include <pthread.h>
#include <spawn.h>

// What Glibc's Swift module leaves out: it declares no GNU extensions.

/// Lets a spawned program begin without the descriptors from `first` on; returns an error number.
/// Corresponds to `posix_spawn_file_actions_addclosefrom_np` (glibc 2.34).
int csystem_add_close_from(posix_spawn_file_actions_t *actions, int first);

/// `POSIX_SPAWN_SETSID`: a spawned program gets a session of its own.
short csystem_spawn_new_session(void);

/// Names a thread for debuggers and `top`; at most 15 characters are kept. Corresponds to
/// `pthread_setname_np`.
void csystem_set_thread_name(pthread_t thread, const char *name);

/// Lets all threads allocate from one heap. Without it each of them reserves 64 MiB of address space for one
/// of its own. Corresponds to `mallopt(M_ARENA_MAX, 1)`.
void csystem_use_one_heap(void);
