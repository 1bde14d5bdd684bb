/*
 * message.c - standard input, whole, before anything starts
 *
 * The message goes into memory that has a descriptor, memfd_create(2), which
 * the child gets as its standard input: Python never reads from the feeder,
 * and a retry of the child's start needs no second feed. It is sealed,
 * so that whoever gets the descriptor can rely on it. Where there is no memfd
 * (an old or a guarded kernel), a nameless file in /tmp does. A message without
 * end must not take all memory: beyond MESSAGE_BYTES it is given up.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "launcher.h"

static int nameless_file(void)
{
    char name[] = "/tmp/pyfilter-XXXXXX";
    int file = memfd_create("message", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (file < 0)
        file = open("/tmp", O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0 && (file = mkostemp(name, O_CLOEXEC)) >= 0)
        unlink(name);
    return file;
}

static void append(int file, const char *data, size_t length)
{
    while (length > 0) {
        ssize_t written = write(file, data, length);

        if (written > 0) {
            data += written;
            length -= (size_t)written;
        } else if (written == 0 || errno != EINTR || milliseconds_left() == 0) {
            defer("cannot hold the message: %m; raise the file size limit (Postfix: mailbox_size_limit) or free memory");
        }
    }
}

/* A descriptor of the message, at its beginning; its size in *size. */
int read_message(off_t *size)
{
    static char buffer[1 << 16]; /* what a pipe holds, pipe(7) */
    int file = nameless_file();
    long long total = 0;

    if (file < 0)
        defer("cannot make a place for the message: %m; the mail stays in the queue");
    for (;;) {
        struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
        int ready = wait_for_event(&input, 1, milliseconds_left());
        ssize_t length;

        if (told_to_stop())
            defer("stopped by %s before the message was read; the mail stays in the queue", told_to_stop());
        if (ready < 0)
            defer("cannot wait for the message: %m; the mail stays in the queue");
        if (milliseconds_left() == 0)
            defer("the message did not arrive within %d seconds; the mail stays in the queue", DEADLINE_MS / 1000);
        if (ready == 0)
            continue;
        length = read(STDIN_FILENO, buffer, sizeof buffer);
        if (length == 0)
            break;
        if (length > 0 && (total += length) > MESSAGE_BYTES)
            defer("the message is larger than %lld MiB, which no delivery can hold; the mail stays in the queue",
                  (long long)MESSAGE_BYTES >> 20);
        if (length > 0)
            append(file, buffer, (size_t)length);
        else if (errno != EINTR && errno != EAGAIN)
            defer("cannot read the message from standard input: %m; the mail stays in the queue");
    }
    /* Without seals the message can still be delivered. */
    (void)!fcntl(file, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
    *size = lseek(file, 0, SEEK_CUR);
    if (*size < 0 || lseek(file, 0, SEEK_SET) != 0)
        defer("cannot go back to the beginning of the message: %m; the mail stays in the queue");
    return file;
}
