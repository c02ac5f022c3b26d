/*
 * What the system refuses to one process: threads, random numbers, names. Which of it, the file says that
 * FAULTY_SYSTEM names, an integer for each, from the moment that it is written. Loaded by LD_PRELOAD.
 *
 * Threads are refused to the addon alone: Node.js itself aborts without.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

enum { THREADS, ENTROPY, NAMES, FAULTS };
enum { WORKS, REFUSED, SLOW, MISSING };

static volatile int32_t *faults;

__attribute__((constructor)) static void read_faults(void) {
  const char *path = getenv("FAULTY_SYSTEM");
  int file = open(path ? path : "", O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  void *mapped = mmap(NULL, FAULTS * sizeof *faults, PROT_READ, MAP_SHARED, file, 0);
  if (mapped != MAP_FAILED) faults = mapped;
  close(file);
}

static int fault(int which) { return faults == NULL ? WORKS : faults[which]; }

static int is_addon(void *caller) {
  Dl_info info;
  return dladdr(caller, &info) != 0 && info.dli_fname != NULL && strstr(info.dli_fname, ".node") != NULL;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument) {
  static int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
  if (real == NULL) real = dlsym(RTLD_NEXT, "pthread_create");
  if (fault(THREADS) && is_addon(__builtin_return_address(0))) return EAGAIN;
  return real(thread, attributes, start, argument);
}

/* 0: go on; else the error number. REFUSED is a pool that is not filled yet, early after a start (getrandom(2)). */
static int entropy(unsigned int flags) {
  switch (fault(ENTROPY)) {
    case REFUSED:
      if (flags & GRND_NONBLOCK) return EAGAIN;
      while (flags == 0 && fault(ENTROPY) == REFUSED) usleep(10000);
      return 0;
    case MISSING: return ENOSYS;
    case SLOW: sleep(2);
  }
  return 0;
}

ssize_t getrandom(void *bytes, size_t length, unsigned int flags) {
  static ssize_t (*real)(void *, size_t, unsigned int);
  if (real == NULL) real = dlsym(RTLD_NEXT, "getrandom");
  int refused = is_addon(__builtin_return_address(0)) ? entropy(flags) : 0;
  if (refused == 0) return real(bytes, length, flags);
  errno = refused;
  return -1;
}

long syscall(long number, ...) {
  static long (*real)(long, ...);
  if (real == NULL) real = dlsym(RTLD_NEXT, "syscall");
  va_list list;
  va_start(list, number);
  long a = va_arg(list, long), b = va_arg(list, long), c = va_arg(list, long);
  long d = va_arg(list, long), e = va_arg(list, long), f = va_arg(list, long);
  va_end(list);
  int refused = number == SYS_getrandom && is_addon(__builtin_return_address(0)) ? entropy(c) : 0;
  if (refused == 0) return real(number, a, b, c, d, e, f);
  errno = refused;
  return -1;
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
  static int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
  if (real == NULL) real = dlsym(RTLD_NEXT, "getaddrinfo");
  switch (fault(NAMES)) {
    case REFUSED: return EAI_AGAIN;
    case MISSING: return EAI_NONAME;
    /* Longer than anybody waits: a resolver with its usual time-outs takes 10 to 30 seconds. */
    case SLOW: sleep(20); return EAI_AGAIN;
  }
  return real(name, service, hints, found);
}
