/*
 * Shifts the wall clock of one process, for all who read it: by as many seconds as the file that
 * SHIFTED_CLOCK names holds (a 64-bit integer), from the moment that it is written. Loaded by LD_PRELOAD.
 *
 * The clock is read in the kernel's vDSO, by libc and, past libc, by the addon itself. So it is the vDSO's
 * functions that are replaced, in this process's own copy of the page. The monotonic clock stays as it is.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__)
#define CLOCK_GETTIME "__vdso_clock_gettime"
#define GETTIMEOFDAY "__vdso_gettimeofday"
static const unsigned char jump[] = {0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xe0}; /* mov rax, …; jmp rax */
enum { TARGET = 2 };
#elif defined(__aarch64__)
#define CLOCK_GETTIME "__kernel_clock_gettime"
#define GETTIMEOFDAY "__kernel_gettimeofday"
static const unsigned char jump[] = {0x50, 0, 0, 0x58, 0, 0x02, 0x1f, 0xd6, /* ldr x16, #8; br x16 */
                                     0,    0, 0, 0,    0, 0,    0,    0};
enum { TARGET = 8 };
#endif

static volatile int64_t *shift;

static int shifted_clock_gettime(clockid_t clock, struct timespec *time) {
  if (syscall(SYS_clock_gettime, clock, time) != 0) return -errno;
  if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) time->tv_sec += *shift;
  return 0;
}

static int shifted_gettimeofday(struct timeval *time, void *zone) {
  if (syscall(SYS_gettimeofday, time, zone) != 0) return -errno;
  if (time != NULL) time->tv_sec += *shift;
  return 0;
}

static void fail(const char *what) {
  fprintf(stderr, "shifted clock: %s: %s\n", what, strerror(errno));
  _exit(70);
}

/* All of it or nothing: its mapping cannot be split, and how long it is has to be tried. */
static void make_writable(void *start) {
  size_t page = getpagesize();
  for (size_t pages = 1; pages <= 64; pages++) {
    if (mprotect(start, pages * page, PROT_READ | PROT_WRITE | PROT_EXEC) == 0) return;
  }
  fail("the vDSO cannot be changed");
}

static void replace(void *vdso, const char *name, void *replacement) {
  unsigned char *function = dlsym(vdso, name);
  if (function == NULL) fail(name);
  memcpy(function, jump, sizeof jump);
  memcpy(function + TARGET, &replacement, sizeof replacement);
  __builtin___clear_cache((char *)function, (char *)function + sizeof jump);
}

__attribute__((constructor)) static void shift_clock(void) {
  const char *path = getenv("SHIFTED_CLOCK");
  int file = open(path ? path : "", O_RDONLY | O_CLOEXEC);
  if (file < 0) fail("SHIFTED_CLOCK");
  shift = mmap(NULL, sizeof *shift, PROT_READ, MAP_SHARED, file, 0);
  if (shift == MAP_FAILED) fail("mmap");
  close(file);
  void *vdso = dlopen("linux-vdso.so.1", RTLD_LAZY | RTLD_NOLOAD);
  if (vdso == NULL) fail("there is no vDSO");
  make_writable((void *)getauxval(AT_SYSINFO_EHDR));
  replace(vdso, CLOCK_GETTIME, (void *)shifted_clock_gettime);
  replace(vdso, GETTIMEOFDAY, (void *)shifted_gettimeofday);
}
