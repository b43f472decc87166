/*
 * A disk that fails on demand, for LD_PRELOAD: it stands between a program and the C library and lets
 * writes and syncs of the files in one directory fail, fall short or take their time.
 *
 * FAULTS_UNDER names the directory. FAULTS_CONTROL names a file that holds a struct control and is
 * mapped by the program and by whoever tells it what to do; FaultyDisk.java writes the same layout.
 * Without that file it only delays syncs, by FAULTS_SYNC_MICROS.
 *
 * A program that is killed leaves its unsynced writes in the page cache, so a kill alone cannot show
 * that something was synced too late. With `remember` set, the old content of every page that is not
 * known to be on the disk is kept in the control file; whoever plays the power cut writes it back.
 * As in Linux, a failed fsync leaves its pages marked clean, and is reported once to everybody who has
 * the file open: later fsyncs succeed without writing those pages, and only a new write to a page gets
 * it to the disk.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096
#define PAGES 32768
#define OPEN_FILES 1024

/* The files whose content counts; SQLite's shared memory is rebuilt after a crash. */
enum file { DATABASE, LOG, FILES, NO_FILE = FILES };

enum state { FREE, DIRTY, SYNCING, LOST };

struct control {
  int32_t attached;    /* the process that has loaded this */
  int32_t write_error; /* what writes fail with; 0: they do not */
  int32_t torn;        /* a write that fails writes half of its bytes */
  int32_t full;        /* no file grows: ENOSPC */
  int32_t shorten;     /* a write may write only some of its bytes */
  int32_t sync_error;  /* what syncs fail with */
  int32_t sync_errors; /* so many syncs fail; below zero: all */
  int32_t sync_micros; /* how much longer a sync takes */
  int32_t remember;    /* keep what a power cut would bring back */
  int32_t struck;      /* faults so far */
  int32_t reserved[6];
  unsigned char states[FILES][PAGES];
  unsigned char images[FILES][PAGES][PAGE];
};

static struct control *control;
static char under[4096];
static size_t under_length;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Syncs that failed, by file; and how many of them an open file has heard of. */
static int32_t errors[FILES + 1];
static int32_t heard[OPEN_FILES];

#define REAL(name) ((__typeof__(&name))real(#name))

static void *real(const char *name) {
  void *found = dlsym(RTLD_NEXT, name);
  if (!found) abort();
  return found;
}

static void *map(const char *path) {
  int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
  if (path && fd < 0) abort();
  int flags = path ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  void *mapped = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, flags, fd, 0);
  if (mapped == MAP_FAILED) abort();
  if (path) close(fd);
  return mapped;
}

__attribute__((constructor)) static void attach(void) {
  const char *directory = getenv("FAULTS_UNDER"), *micros = getenv("FAULTS_SYNC_MICROS");
  if (!directory) return;
  under_length = (size_t)snprintf(under, sizeof under, "%s/", directory);
  control = map(getenv("FAULTS_CONTROL"));
  if (micros) control->sync_micros = atoi(micros);
  int32_t nobody = 0; /* what the program starts in turn is not the one that is asked about */
  __atomic_compare_exchange_n(
      &control->attached, &nobody, (int32_t)getpid(), 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* The file's name, if it is one of those that may fail. */
static const char *name_of(int fd, char path[4096]) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, 4095);
  if (length < 0) return NULL;
  path[length] = 0;
  return strncmp(path, under, under_length) ? NULL : path + under_length;
}

static enum file file_of(const char *name) {
  if (!strcmp(name, "ledger.db")) return DATABASE;
  return strcmp(name, "ledger.db-wal") ? NO_FILE : LOG;
}

static int has_news(int fd, enum file file) {
  int32_t now = __atomic_load_n(&errors[file], __ATOMIC_SEQ_CST);
  return fd < OPEN_FILES && __atomic_exchange_n(&heard[fd], now, __ATOMIC_SEQ_CST) != now;
}

static void strike(void) { __atomic_add_fetch(&control->struck, 1, __ATOMIC_SEQ_CST); }

/* Keeps what is on the disk before a write changes the page; a kill may come between any two lines. */
static void remember_page(int fd, enum file file, int64_t page) {
  if (page >= PAGES) abort();
  unsigned char *state = &control->states[file][page];
  if (*state == FREE) {
    unsigned char *image = control->images[file][page];
    memset(image, 0, PAGE);
    if (pread(fd, image, PAGE, page * PAGE) < 0) abort();
  }
  __atomic_store_n(state, DIRTY, __ATOMIC_SEQ_CST);
}

static void remember(int fd, enum file file, size_t bytes, off_t at) {
  if (!control->remember || file == NO_FILE || !bytes) return;
  pthread_mutex_lock(&lock);
  for (int64_t page = at / PAGE; page <= (int64_t)(at + bytes - 1) / PAGE; page++)
    remember_page(fd, file, page);
  pthread_mutex_unlock(&lock);
}

static void move(enum file file, enum state from, enum state to) {
  if (!control->remember || file == NO_FILE) return;
  pthread_mutex_lock(&lock);
  for (int page = 0; page < PAGES; page++)
    if (control->states[file][page] == from) control->states[file][page] = (unsigned char)to;
  pthread_mutex_unlock(&lock);
}

/* What was cut off does not come back. */
static void forget(enum file file, int64_t from) {
  if (!control->remember || file == NO_FILE) return;
  pthread_mutex_lock(&lock);
  for (int64_t page = from; page < PAGES; page++) control->states[file][page] = FREE;
  pthread_mutex_unlock(&lock);
}

static int fails(int error) {
  strike();
  errno = error;
  return -1;
}

static int grows(int fd, off_t end) {
  struct stat status;
  return !fstat(fd, &status) && end > status.st_size;
}

static size_t some_of(size_t bytes) {
  static _Thread_local unsigned seed = 1;
  return 1 + (size_t)rand_r(&seed) % bytes;
}

static ssize_t write_at(int fd, const void *from, size_t bytes, off_t at) {
  char path[4096];
  const char *name =
      control && (control->write_error || control->full || control->shorten || control->remember)
          ? name_of(fd, path)
          : NULL;
  if (!name) return REAL(pwrite64)(fd, from, bytes, at);
  if (control->full && grows(fd, at + (off_t)bytes)) return fails(ENOSPC);
  remember(fd, file_of(name), bytes, at);
  if (control->write_error) {
    if (control->torn && REAL(pwrite64)(fd, from, bytes / 2, at) < 0) return -1;
    return fails(control->write_error);
  }
  if (control->shorten && bytes > 1) {
    strike();
    bytes = some_of(bytes);
  }
  return REAL(pwrite64)(fd, from, bytes, at);
}

ssize_t pwrite64(int fd, const void *from, size_t bytes, off64_t at) {
  return write_at(fd, from, bytes, at);
}

ssize_t pwrite(int fd, const void *from, size_t bytes, off_t at) {
  return write_at(fd, from, bytes, at);
}

/* One of two syncs in flight must not take both of the failures that were asked for. */
static int is_chosen(void) {
  int32_t left = __atomic_load_n(&control->sync_errors, __ATOMIC_SEQ_CST);
  while (left > 0 &&
         !__atomic_compare_exchange_n(
             &control->sync_errors, &left, left - 1, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
  }
  return left != 0;
}

static int sync_or_fail(int fd, enum file file, int (*sync)(int)) {
  int chosen = is_chosen();
  move(file, DIRTY, SYNCING);
  int result = chosen ? -1 : sync(fd);
  move(file, SYNCING, chosen ? LOST : FREE);
  if (chosen) __atomic_add_fetch(&errors[file], 1, __ATOMIC_SEQ_CST);
  return has_news(fd, file) ? fails(control->sync_error) : result;
}

static int sync_file(int fd, int (*sync)(int)) {
  char path[4096];
  const char *name = control ? name_of(fd, path) : NULL;
  if (!name) return sync(fd);
  if (control->sync_micros) {
    struct timespec pause = {control->sync_micros / 1000000, control->sync_micros % 1000000 * 1000};
    nanosleep(&pause, NULL);
  }
  return sync_or_fail(fd, file_of(name), sync);
}

int fsync(int fd) { return sync_file(fd, REAL(fsync)); }

int fdatasync(int fd) { return sync_file(fd, REAL(fdatasync)); }

static int truncate_file(int fd, off_t length) {
  char path[4096];
  const char *name = control ? name_of(fd, path) : NULL;
  if (name && control->full && grows(fd, length)) return fails(ENOSPC);
  if (name && control->write_error) return fails(control->write_error);
  int result = REAL(ftruncate64)(fd, length);
  if (name && !result) forget(file_of(name), (length + PAGE - 1) / PAGE);
  return result;
}

int ftruncate64(int fd, off64_t length) { return truncate_file(fd, length); }

int ftruncate(int fd, off_t length) { return truncate_file(fd, length); }

int open64(const char *path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  int fd = REAL(open64)(path, flags, va_arg(more, mode_t));
  va_end(more);
  if (control && fd >= 0 && !strncmp(path, under, under_length))
    has_news(fd, file_of(path + under_length)); /* opened after it, one does not hear of it */
  return fd;
}

int unlink(const char *path) {
  int result = REAL(unlink)(path);
  if (control && !result && !strncmp(path, under, under_length))
    forget(file_of(path + under_length), 0);
  return result;
}
