/*
 * A DNS of one's own for one process: what getaddrinfo says of names that end with `.moving.test`. The file that
 * MOVING_NAMES names holds the IPv4 addresses of all of them, one a line, and is read at each look-up. Loaded by
 * LD_PRELOAD.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

typedef int look_up(const char *, const char *, const struct addrinfo *, struct addrinfo **);

static const char suffix[] = ".moving.test";

static int is_moving(const char *name) {
  size_t length = name == NULL ? 0 : strlen(name);
  return length >= sizeof suffix - 1 && strcmp(name + length - (sizeof suffix - 1), suffix) == 0;
}

/* Each address by libc itself, so that freeaddrinfo takes the whole list. */
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
  look_up *libc = (look_up *)dlsym(RTLD_NEXT, "getaddrinfo");
  if (!is_moving(name)) return libc(name, service, hints, found);
  FILE *file = fopen(getenv("MOVING_NAMES"), "re");
  if (file == NULL) return EAI_AGAIN;
  struct addrinfo **end = found;
  char line[64];
  *found = NULL;
  while (fgets(line, sizeof line, file) != NULL) {
    line[strcspn(line, "\n")] = '\0';
    if (line[0] == '\0' || libc(line, service, hints, end) != 0) continue;
    while (*end != NULL) end = &(*end)->ai_next;
  }
  fclose(file);
  return *found == NULL ? EAI_NONAME : 0;
}
