/* Records what a process asks of its files, in order: a library to be loaded before libc.
 *
 * RECORDER_DIRECTORY names the directory whose files are recorded, RECORDER_TRACE the file to record to,
 * RECORDER_ACKNOWLEDGEMENTS a file whose writes are recorded as acknowledgements. A system call
 * and its record are one step for other threads, so that the record is in the order in which things
 * happened. Syncs are recorded and not carried out: nobody pulls the plug here, and a disk's own time
 * would be all that a test waits for.
 *
 * A record: the kind (1 byte), the inode (8), the offset or size (8), the length of what follows (4).
 *   C a name was made, for the inode     U a name was removed       R renamed, "from NUL to"
 *   D a directory was made               W bytes were written       T the size was set
 *   S the inode was synced               A something was acknowledged
 * The index of a write-ahead log (-shm) is memory, not storage, and is not recorded.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static FILE *trace;
static char directory[PATH_MAX];
static char acknowledgements[PATH_MAX];

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void begin(void) {
    const char *root = getenv("RECORDER_DIRECTORY");
    const char *told = getenv("RECORDER_ACKNOWLEDGEMENTS");
    const char *to = getenv("RECORDER_TRACE");
    if (!root || !told || !to) return;
    snprintf(directory, sizeof directory, "%s", root);
    snprintf(acknowledgements, sizeof acknowledgements, "%s", told);
    trace = fopen(to, "w");
    if (!trace) abort();
    setvbuf(trace, NULL, _IOFBF, 1 << 20);
}

__attribute__((destructor)) static void end(void) {
    if (trace && fclose(trace) != 0) abort();
}

static void record(char kind, uint64_t inode, uint64_t place, const void *bytes, uint32_t length) {
    if (fwrite(&kind, 1, 1, trace) != 1 || fwrite(&inode, 8, 1, trace) != 1 ||
        fwrite(&place, 8, 1, trace) != 1 || fwrite(&length, 4, 1, trace) != 1 ||
        fwrite(bytes, 1, length, trace) != length)
        abort();
}

/* Returns the name below the directory that is recorded, "" for itself, NULL for any other. */
static const char *below(const char *path) {
    size_t length = strlen(directory);
    if (!trace || strncmp(path, directory, length) != 0) return NULL;
    if (path[length] == 0) return path + length;
    if (path[length] != '/') return NULL;
    const char *name = path + length + 1;
    size_t end = strlen(name);
    return end >= 4 && strcmp(name + end - 4, "-shm") == 0 ? NULL : name;
}

/* Finds out what an open file is; returns its name as below() does. */
static const char *identify(int fd, char path[PATH_MAX], uint64_t *inode) {
    if (!trace) return NULL;
    char link[64];
    struct stat found;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0 || fstat(fd, &found) != 0) return NULL;
    path[length] = 0;
    *inode = found.st_ino;
    return below(path);
}

static void written(int fd, uint64_t place, const void *bytes, size_t length) {
    char path[PATH_MAX];
    uint64_t inode;
    if (identify(fd, path, &inode)) record('W', inode, place, bytes, length);
    else if (trace && strcmp(path, acknowledgements) == 0) record('A', 0, 0, bytes, length);
}

static int opened(int fd, const char *path, int was_there, int flags) {
    const char *name = fd < 0 || !trace ? NULL : below(path);
    struct stat found;
    if (name && fstat(fd, &found) == 0) {
        if (!was_there) record('C', found.st_ino, 0, name, strlen(name));
        else if ((flags & O_TRUNC) && S_ISREG(found.st_mode)) record('T', found.st_ino, 0, "", 0);
    }
    return fd;
}

#define OPEN(function)                                                     \
    int function(const char *path, int flags, ...) {                       \
        mode_t mode = 0;                                                    \
        if (flags & (O_CREAT | O_TMPFILE)) {                                \
            va_list rest;                                                   \
            va_start(rest, flags);                                          \
            mode = va_arg(rest, mode_t);                                    \
            va_end(rest);                                                   \
        }                                                                   \
        pthread_mutex_lock(&lock);                                          \
        struct stat before;                                                 \
        int was_there = stat(path, &before) == 0;                           \
        int fd = opened(REAL(function)(path, flags, mode), path, was_there, flags); \
        pthread_mutex_unlock(&lock);                                        \
        return fd;                                                          \
    }
OPEN(open)
OPEN(open64)

#define PWRITE(function, place_t)                                           \
    ssize_t function(int fd, const void *bytes, size_t length, place_t place) { \
        pthread_mutex_lock(&lock);                                          \
        ssize_t done = REAL(function)(fd, bytes, length, place);            \
        if (done > 0) written(fd, place, bytes, done);                      \
        pthread_mutex_unlock(&lock);                                        \
        return done;                                                        \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

ssize_t write(int fd, const void *bytes, size_t length) {
    pthread_mutex_lock(&lock);
    ssize_t done = REAL(write)(fd, bytes, length);
    if (done > 0 && trace) {
        int error = errno;
        off_t now = lseek(fd, 0, SEEK_CUR);
        errno = error;
        if (now >= done) written(fd, now - done, bytes, done);
    }
    pthread_mutex_unlock(&lock);
    return done;
}

#define TRUNCATE(function, size_t_)                                         \
    int function(int fd, size_t_ size) {                                    \
        char path[PATH_MAX];                                                \
        uint64_t inode;                                                     \
        pthread_mutex_lock(&lock);                                          \
        int result = REAL(function)(fd, size);                              \
        if (result == 0 && identify(fd, path, &inode)) record('T', inode, size, "", 0); \
        pthread_mutex_unlock(&lock);                                        \
        return result;                                                      \
    }
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

#define SYNC(function)                                                      \
    int function(int fd) {                                                  \
        char path[PATH_MAX];                                                \
        uint64_t inode;                                                     \
        pthread_mutex_lock(&lock);                                          \
        const char *name = identify(fd, path, &inode);                      \
        if (name) record('S', inode, 0, name, strlen(name));                \
        pthread_mutex_unlock(&lock);                                        \
        return name ? 0 : REAL(function)(fd);                               \
    }
SYNC(fsync)
SYNC(fdatasync)

int unlink(const char *path) {
    pthread_mutex_lock(&lock);
    int result = REAL(unlink)(path);
    const char *name = below(path);
    if (result == 0 && name) record('U', 0, 0, name, strlen(name));
    pthread_mutex_unlock(&lock);
    return result;
}

int mkdir(const char *path, mode_t mode) {
    pthread_mutex_lock(&lock);
    int result = REAL(mkdir)(path, mode);
    const char *name = below(path);
    struct stat found;
    if (result == 0 && name && stat(path, &found) == 0)
        record('D', found.st_ino, 0, name, strlen(name));
    pthread_mutex_unlock(&lock);
    return result;
}

int rename(const char *from, const char *to) {
    pthread_mutex_lock(&lock);
    int result = REAL(rename)(from, to);
    const char *old = below(from), *new = below(to);
    if (result == 0 && old && new) {
        char both[2 * PATH_MAX];
        int length = snprintf(both, sizeof both, "%s%c%s", old, 0, new);
        record('R', 0, 0, both, length);
    }
    pthread_mutex_unlock(&lock);
    return result;
}

/* What is not recorded must not be used unnoticed. */
static int refuse(const char *what) {
    fprintf(stderr, "recorder: %s is not recorded\n", what);
    abort();
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    char path[PATH_MAX];
    uint64_t inode;
    if (identify(fd, path, &inode)) refuse("writev");
    return REAL(writev)(fd, parts, count);
}

int fallocate(int fd, int mode, off_t place, off_t length) {
    char path[PATH_MAX];
    uint64_t inode;
    if (identify(fd, path, &inode)) refuse("fallocate");
    return REAL(fallocate)(fd, mode, place, length);
}
