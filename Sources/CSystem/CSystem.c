#define _GNU_SOURCE
#include "CSystem.h"

#include <malloc.h>
#include <stdio.h>

int csystem_add_close_from(posix_spawn_file_actions_t *actions, int first) {
  return posix_spawn_file_actions_addclosefrom_np(actions, first);
}

short csystem_spawn_new_session(void) { return POSIX_SPAWN_SETSID; }

void csystem_set_thread_name(pthread_t thread, const char *name) {
  char kept[16];  // as the kernel has them, with the zero
  snprintf(kept, sizeof kept, "%s", name);
  pthread_setname_np(thread, kept);
}

void csystem_use_one_heap(void) { mallopt(M_ARENA_MAX, 1); }
