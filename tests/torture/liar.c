/*
 * liar.c - a file system that does not say what it did, as LD_PRELOAD
 *
 * Calls whose path, or descriptor's path, lies below $LIAR_BELOW are counted
 * by name, in each process by itself. What happens to the $LIAR_AT-th call of
 * the name $LIAR_CALL (0: to each of them) is $LIAR_LIE:
 *
 *     done N     it is done, and reports error number N
 *     not N      it is not done, and reports error number N
 *     half       (write) half of the bytes are written, and the number said
 *     half N     (write) half of the bytes are written, and error number N reported
 *
 * Each call that is counted is a line in $LIAR_TRACE: its name, the path, and
 * " lie" behind the one that was lied about. Variants of a call (openat,
 * fdatasync, what ends with 64) have one name.
 *
 * Sources: open(2), write(2), close(2) ("Dealing with error returns from
 * close()"), nfs(5) (retransmitted requests that had been done already).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum lie { TRUTH, DONE, NOT, HALF };

static const char *below, *which, *trace;
static enum lie kind;
static int at, error, count;
static char full[PATH_MAX + 1]; /* of the call that is judged */

/* A copy: programs write their title over their environment. */
static const char *variable(const char *name)
{
    const char *value = getenv(name);

    return value ? strdup(value) : NULL;
}

__attribute__((constructor)) static void begin(void)
{
    const char *lie = getenv("LIAR_LIE"), *number = getenv("LIAR_AT");

    below = variable("LIAR_BELOW");
    which = variable("LIAR_CALL");
    trace = variable("LIAR_TRACE");
    at = number ? atoi(number) : 0;
    if (!lie || !which)
        return;
    kind = !strncmp(lie, "done", 4) ? DONE : !strncmp(lie, "not", 3) ? NOT : HALF;
    error = strchr(lie, ' ') ? atoi(strchr(lie, ' ')) : 0;
}

static int is_below(int directory, const char *path)
{
    char link[64];
    ssize_t length;

    if (!below)
        return 0;
    if (path && path[0] == '/') {
        snprintf(full, sizeof full, "%s", path);
        return strncmp(path, below, strlen(below)) == 0;
    }
    snprintf(link, sizeof link, directory == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", directory);
    length = syscall(SYS_readlinkat, AT_FDCWD, link, full, PATH_MAX);
    if (length <= 0)
        return 0;
    full[length] = '\0';
    if (path)
        snprintf(full + length, sizeof full - (size_t)length, "/%s", path);
    return strncmp(full, below, strlen(below)) == 0;
}

/* What is to happen to this call. */
static enum lie judge(const char *name, int directory, const char *path)
{
    int before = errno, file, lied; /* errno is the caller's */
    char line[PATH_MAX + 64];

    if (!is_below(directory, path)) {
        errno = before;
        return TRUTH;
    }
    lied = which && !strcmp(which, name) && ++count && (!at || count == at);
    if (trace && (file = (int)syscall(SYS_openat, AT_FDCWD, trace, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666)) >= 0) {
        int length = snprintf(line, sizeof line, "%s %s%s\n", name, full, lied ? " lie" : "");

        (void)!syscall(SYS_write, file, line, (size_t)length);
        syscall(SYS_close, file);
    }
    errno = before;
    return lied ? kind : TRUTH;
}

static long lied(long answer)
{
    if (!error)
        return answer;
    errno = error;
    return -1;
}

/*
 * One function: its type, name, the name it counts as, its parameters, how they are handed on, and the directory and
 * path that say where it works. A file that was opened although an error is reported stays open, as it would.
 */
#define CALL(TYPE, NAME, COUNTS_AS, PARAMETERS, ARGUMENTS, DIRECTORY, PATH)      \
    TYPE NAME PARAMETERS                                                         \
    {                                                                            \
        static TYPE(*real) PARAMETERS;                                           \
        enum lie lie = judge(COUNTS_AS, DIRECTORY, PATH);                        \
                                                                                 \
        if (!real)                                                               \
            *(void **)&real = dlsym(RTLD_NEXT, #NAME);                           \
        if (lie == NOT)                                                          \
            return (TYPE)lied(-1);                                               \
        if (lie == DONE)                                                         \
            return (TYPE)lied((long)real ARGUMENTS);                             \
        return real ARGUMENTS;                                                   \
    }

CALL(int, close, "close", (int file), (file), file, NULL)
CALL(int, fsync, "fsync", (int file), (file), file, NULL)
CALL(int, fdatasync, "fsync", (int file), (file), file, NULL)
CALL(int, fchmod, "fchmod", (int file, mode_t mode), (file, mode), file, NULL)
CALL(int, ftruncate, "ftruncate", (int file, off_t size), (file, size), file, NULL)
CALL(int, ftruncate64, "ftruncate", (int file, off64_t size), (file, size), file, NULL)
CALL(int, link, "link", (const char *from, const char *to), (from, to), AT_FDCWD, to)
CALL(int, linkat, "link", (int a, const char *from, int b, const char *to, int flags), (a, from, b, to, flags), b, to)
CALL(int, rename, "rename", (const char *from, const char *to), (from, to), AT_FDCWD, to)
CALL(int, renameat, "rename", (int a, const char *from, int b, const char *to), (a, from, b, to), b, to)
CALL(int, unlink, "unlink", (const char *path), (path), AT_FDCWD, path)
CALL(int, unlinkat, "unlink", (int directory, const char *path, int flags), (directory, path, flags), directory, path)
CALL(int, mkdir, "mkdir", (const char *path, mode_t mode), (path, mode), AT_FDCWD, path)
CALL(int, mkdirat, "mkdir", (int directory, const char *path, mode_t mode), (directory, path, mode), directory, path)
CALL(int, stat, "stat", (const char *path, struct stat *to), (path, to), AT_FDCWD, path)
CALL(int, stat64, "stat", (const char *path, struct stat64 *to), (path, to), AT_FDCWD, path)
CALL(int, lstat, "stat", (const char *path, struct stat *to), (path, to), AT_FDCWD, path)
CALL(int, lstat64, "stat", (const char *path, struct stat64 *to), (path, to), AT_FDCWD, path)
CALL(int, fstat, "fstat", (int file, struct stat *to), (file, to), file, NULL)
CALL(int, fstat64, "fstat", (int file, struct stat64 *to), (file, to), file, NULL)
CALL(int, fstatat, "stat", (int directory, const char *path, struct stat *to, int flags), (directory, path, to, flags), directory,
     path)
CALL(int, fstatat64, "stat", (int directory, const char *path, struct stat64 *to, int flags), (directory, path, to, flags),
     directory, path)
CALL(ssize_t, read, "read", (int file, void *to, size_t size), (file, to, size), file, NULL)

/* Writing: it may also stop half way. */
#define WRITE(NAME, PARAMETERS, WHOLE, PART)                                     \
    ssize_t NAME PARAMETERS                                                      \
    {                                                                            \
        static ssize_t(*real) PARAMETERS;                                        \
        enum lie lie = judge("write", file, NULL);                               \
                                                                                 \
        if (!real)                                                               \
            *(void **)&real = dlsym(RTLD_NEXT, #NAME);                           \
        if (lie == NOT)                                                          \
            return lied(-1);                                                     \
        if (lie == HALF)                                                         \
            return lied(real PART);                                              \
        if (lie == DONE)                                                         \
            return lied(real WHOLE);                                             \
        return real WHOLE;                                                       \
    }

#define HALF_OF(size) ((size) > 1 ? (size) / 2 : (size))

WRITE(write, (int file, const void *from, size_t size), (file, from, size), (file, from, HALF_OF(size)))
WRITE(pwrite, (int file, const void *from, size_t size, off_t place), (file, from, size, place), (file, from, HALF_OF(size), place))
WRITE(pwrite64, (int file, const void *from, size_t size, off64_t place), (file, from, size, place),
      (file, from, HALF_OF(size), place))
WRITE(writev, (int file, const struct iovec *from, int vectors), (file, from, vectors), (file, from, HALF_OF(vectors)))
WRITE(pwritev, (int file, const struct iovec *from, int vectors, off_t place), (file, from, vectors, place),
      (file, from, HALF_OF(vectors), place))
WRITE(pwritev64, (int file, const struct iovec *from, int vectors, off64_t place), (file, from, vectors, place),
      (file, from, HALF_OF(vectors), place))

/* open: the mode is there only where a file may be made */
#define OPEN(NAME, PARAMETERS, ARGUMENTS, DIRECTORY)                             \
    int NAME PARAMETERS                                                          \
    {                                                                            \
        static int (*real) PARAMETERS;                                           \
        enum lie lie = judge("open", DIRECTORY, path);                           \
        mode_t mode = 0;                                                         \
                                                                                 \
        if (flags & (O_CREAT | __O_TMPFILE)) {                                   \
            va_list more;                                                        \
                                                                                 \
            va_start(more, flags);                                               \
            mode = va_arg(more, mode_t);                                         \
            va_end(more);                                                        \
        }                                                                        \
        if (!real)                                                               \
            *(void **)&real = dlsym(RTLD_NEXT, #NAME);                           \
        if (lie == NOT)                                                          \
            return (int)lied(-1);                                                \
        if (lie == DONE)                                                         \
            return (int)lied(real ARGUMENTS);                                    \
        return real ARGUMENTS;                                                   \
    }

OPEN(open, (const char *path, int flags, ...), (path, flags, mode), AT_FDCWD)
OPEN(open64, (const char *path, int flags, ...), (path, flags, mode), AT_FDCWD)
OPEN(openat, (int directory, const char *path, int flags, ...), (directory, path, flags, mode), directory)
OPEN(openat64, (int directory, const char *path, int flags, ...), (directory, path, flags, mode), directory)
