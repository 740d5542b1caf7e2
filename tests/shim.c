/* Stands between a process and its files: records, fails, or ends it at a call.
 *
 * Loaded with LD_PRELOAD. Only files below one folder are looked at. Python drives it
 * through the functions named shim_..., see tests/shim.py, where the record is read.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define FILES 1024
enum { OPENS = 1, WRITES = 2, SYNCS = 4, TRUNCATES = 8, UNLINKS = 16, RENAMES = 32,
       READS = 64 };

static char root[PATH_MAX];
static char paths[FILES][PATH_MAX]; /* of each open file; empty if it is not ours */
static int record_fd = -1;
static long calls, at = -1;
static int error_number, for_good, kinds, dies, half;

#define REAL(name, type, args) \
    static type(*real) args; \
    if (!real) real = (type(*) args)dlsym(RTLD_NEXT, name)

void shim_root(const char *folder) { snprintf(root, sizeof root, "%s/", folder); }
long shim_calls(void) { return calls; }

/* The call of that number (from 0) of those kinds fails; with `good`, all after it too.
 * `short_write`: where it is a write, half of it is done first. */
void shim_fail(long number, int error, int good, int which, int short_write) {
    calls = 0, at = number, error_number = error, for_good = good, kinds = which;
    dies = 0, half = short_write;
}

/* The process is killed before the call of that number; with `short_write`, when half
 * of what it writes is written. */
void shim_kill(long number, int which, int short_write) {
    shim_fail(number, 0, 0, which, short_write);
    dies = 1;
}

void shim_rest(void) { at = -1; }

static int ours(const char *path) {
    return path && *root && strncmp(path, root, strlen(root) - 1) == 0;
}

static const char *of(int fd) {
    return fd >= 0 && fd < FILES && paths[fd][0] ? paths[fd] : NULL;
}

static void put(const void *bytes, size_t size) {
    REAL("write", ssize_t, (int, const void *, size_t));
    const char *from = bytes;
    while (size) {
        ssize_t done = real(record_fd, from, size);
        if (done <= 0) abort();
        from += done, size -= done;
    }
}

/* kind, offset, lengths of path and data, path, data */
static void note(char kind, const char *path, int64_t offset, const void *data,
                 int64_t size) {
    if (record_fd < 0) return;
    int saved = errno;
    int64_t head[4] = {kind, offset, (int64_t)strlen(path), size};
    put(head, sizeof head);
    put(path, strlen(path));
    if (size) put(data, size);
    errno = saved;
}

void shim_note(const char *text) { note('A', text, 0, NULL, 0); }

void shim_record(const char *file) {
    REAL("open64", int, (const char *, int, ...));
    record_fd = real(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (record_fd < 0) abort();
    if (record_fd < FILES) paths[record_fd][0] = 0;
}

/* Whether this call is to fail; a process that is to die does it here. */
static int fails(int kind) {
    if (at < 0 || !(kinds & kind)) return 0;
    long number = calls++;
    if (number != at && !(for_good && number > at)) return 0;
    if (dies && !half) raise(SIGKILL);
    errno = error_number;
    return 1;
}

static int opened(const char *path, int flags, mode_t mode) {
    REAL("open64", int, (const char *, int, ...));
    struct stat there;
    int mine = ours(path), missing = mine && stat(path, &there) != 0;
    if (mine && fails(OPENS)) return -1;
    int fd = real(path, flags, mode);
    if (fd >= 0 && fd < FILES) {
        snprintf(paths[fd], PATH_MAX, "%s", mine ? path : "");
        if (mine && missing && (flags & O_CREAT)) note('C', path, 0, NULL, 0);
        else if (mine && (flags & O_TRUNC)) note('T', path, 0, NULL, 0);
    }
    return fd;
}

int open(const char *path, int flags, ...) {
    va_list given;
    va_start(given, flags);
    mode_t mode = va_arg(given, mode_t);
    va_end(given);
    return opened(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    va_list given;
    va_start(given, flags);
    mode_t mode = va_arg(given, mode_t);
    va_end(given);
    return opened(path, flags, mode);
}

int close(int fd) {
    REAL("close", int, (int));
    if (fd >= 0 && fd < FILES) paths[fd][0] = 0;
    return real(fd);
}

static ssize_t written(int fd, const void *data, size_t size, off_t offset) {
    REAL("pwrite64", ssize_t, (int, const void *, size_t, off_t));
    const char *path = of(fd);
    if (path && fails(WRITES)) {
        if (!half || (size < 2 && !dies)) return -1;
        ssize_t done = real(fd, data, size / 2, offset);
        if (dies) raise(SIGKILL);
        if (done > 0) note('W', path, offset, data, done);
        at = calls, half = 0; /* The next one fails for good. */
        return done;
    }
    ssize_t done = real(fd, data, size, offset);
    if (path && done > 0) note('W', path, offset, data, done);
    return done;
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) {
    return written(fd, data, size, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off_t offset) {
    return written(fd, data, size, offset);
}

ssize_t write(int fd, const void *data, size_t size) {
    REAL("write", ssize_t, (int, const void *, size_t));
    const char *path = of(fd);
    if (!path) return real(fd, data, size);
    if (fails(WRITES)) {
        if (!half || (size < 2 && !dies)) return -1;
        size /= 2;
        if (dies) {
            real(fd, data, size);
            raise(SIGKILL);
        }
        at = calls, half = 0;
    }
    off_t offset = lseek(fd, 0, SEEK_CUR);
    ssize_t done = real(fd, data, size);
    if (done > 0) note('W', path, offset, data, done);
    return done;
}

static ssize_t read_(int fd, void *data, size_t size, off_t offset) {
    REAL("pread64", ssize_t, (int, void *, size_t, off_t));
    if (of(fd) && fails(READS)) return -1;
    return real(fd, data, size, offset);
}

ssize_t pread(int fd, void *data, size_t size, off_t offset) {
    return read_(fd, data, size, offset);
}

ssize_t pread64(int fd, void *data, size_t size, off_t offset) {
    return read_(fd, data, size, offset);
}

int fsync(int fd) {
    REAL("fsync", int, (int));
    const char *path = of(fd);
    if (path && fails(SYNCS)) return -1;
    if (path) note('S', path, 0, NULL, 0);
    return path && record_fd >= 0 ? 0 : real(fd);
}

int fdatasync(int fd) {
    REAL("fdatasync", int, (int));
    const char *path = of(fd);
    if (path && fails(SYNCS)) return -1;
    if (path) note('S', path, 0, NULL, 0);
    return path && record_fd >= 0 ? 0 : real(fd);
}

static int shortened(int fd, off_t size) {
    REAL("ftruncate64", int, (int, off_t));
    const char *path = of(fd);
    if (path && fails(TRUNCATES)) return -1;
    int ended = real(fd, size);
    if (path && ended == 0) note('T', path, size, NULL, 0);
    return ended;
}

int ftruncate(int fd, off_t size) { return shortened(fd, size); }
int ftruncate64(int fd, off_t size) { return shortened(fd, size); }

int unlink(const char *path) {
    REAL("unlink", int, (const char *));
    if (ours(path) && fails(UNLINKS)) return -1;
    int ended = real(path);
    if (ended == 0 && ours(path)) note('U', path, 0, NULL, 0);
    return ended;
}

int rename(const char *from, const char *to) {
    REAL("rename", int, (const char *, const char *));
    if ((ours(from) || ours(to)) && fails(RENAMES)) return -1;
    int ended = real(from, to);
    if (ended == 0 && ours(to)) note('R', from, 0, to, (int64_t)strlen(to));
    return ended;
}

int link(const char *from, const char *to) {
    REAL("link", int, (const char *, const char *));
    if (ours(to) && fails(RENAMES)) return -1;
    int ended = real(from, to);
    if (ended == 0 && ours(to)) note('L', from, 0, to, (int64_t)strlen(to));
    return ended;
}

int linkat(int a, const char *from, int b, const char *to, int flags) {
    REAL("linkat", int, (int, const char *, int, const char *, int));
    if (ours(to) && fails(RENAMES)) return -1;
    int ended = real(a, from, b, to, flags);
    if (ended == 0 && ours(to)) note('L', from, 0, to, (int64_t)strlen(to));
    return ended;
}
