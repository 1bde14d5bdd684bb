/*
 * stand_in.c - the programs that a torture scenario hands mail to
 *
 *     stand-in queue DIRECTORY [ARGUMENT...]
 *         takes its standard input as a mail queue does: written to a file,
 *         on disk, then renamed, the directory on disk. Exit status 0 says so,
 *         75 that nothing was taken. The arguments (of sendmail) mean nothing.
 *     stand-in filter
 *         copies its standard input with one header line above; 0 or 75.
 *
 * Compiled statically: a loader would only add system calls of its own.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TEMPORARY 75

static char text[1 << 20];
static size_t length;

static int read_all(void)
{
    ssize_t got;

    while (length < sizeof text && (got = read(STDIN_FILENO, text + length, sizeof text - length)) != 0) {
        if (got < 0)
            return 0;
        length += (size_t)got;
    }
    return length < sizeof text;
}

static int write_all(int descriptor, const char *from, size_t left)
{
    while (left) {
        ssize_t written = write(descriptor, from, left);

        if (written <= 0)
            return 0;
        from += written;
        left -= (size_t)written;
    }
    return 1;
}

static int queue(const char *directory)
{
    char unfinished[4096], name[4096];
    struct timespec now;
    int file, parent;

    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(unfinished, sizeof unfinished, "%s/unfinished-%d", directory, (int)getpid());
    snprintf(name, sizeof name, "%s/taken-%lld.%09ld-%d", directory, (long long)now.tv_sec, now.tv_nsec, (int)getpid());
    if ((file = open(unfinished, O_WRONLY | O_CREAT | O_TRUNC, 0600)) < 0 || !write_all(file, text, length))
        return 0;
    if (fsync(file) != 0 || close(file) != 0 || rename(unfinished, name) != 0)
        return 0;
    if ((parent = open(directory, O_RDONLY | O_DIRECTORY)) >= 0 && fsync(parent) == 0)
        return 1;
    unlink(name);
    return 0;
}

int main(int count, char **arguments)
{
    static const char line[] = "X-Filtered: yes\n";

    if (!read_all())
        return TEMPORARY;
    if (count > 2 && strcmp(arguments[1], "queue") == 0)
        return queue(arguments[2]) ? 0 : TEMPORARY;
    return write_all(STDOUT_FILENO, line, sizeof line - 1) && write_all(STDOUT_FILENO, text, length) ? 0 : TEMPORARY;
}
