/*
 * handover.c - give the message to the user's server, where one runs
 *
 * `pyfilter serve` listens at ~/.local/state/pyfilter/socket
 * (server/handing_over.py, clerk.py). One packet goes there, with two descriptors:
 *
 *     pyfilter VERSION   the server takes nothing of another version
 *     SECONDS            what is left of the delivery's time
 *     COUNT              of arguments that follow: -a, -f and -d with their values
 *     ARGUMENT …
 *     NAME=VALUE …       the variables that Python gets (child.c)
 *
 * each with a NUL behind it; the sealed message; and a token. One packet comes back:
 *
 *     0 2.0.0 delivered        finished with 0
 *     77 5.7.1 reason          finished with 77, and this line for the sender
 *     75                       finished with 75
 *
 * The token says whose the message is: an eventfd(2) that can be read once. The server
 * reads it before it does anything. Whatever goes wrong, we try to read
 * it, too: if that works, nobody has begun, nobody will, and Python is started as
 * if there were no server. If not, the server has the mail, and is waited for;
 * when it is gone, or says what does not fit, the mail is deferred, and
 * the journal (delivery/journal.py) sees to it that the next try repeats nothing.
 *
 * Both sides look at the other's uid (SO_PEERCRED): it must be their own.
 *
 * Sources: unix(7), eventfd(2), memfd_create(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "launcher.h"

#define DIRECTORY "/.local/state/pyfilter"
#define NAME "/socket"

/* Bytes of the packet; what local(8) gives has some 500. */
#define PACKET_BYTES (32 << 10)

/* A socket's path has 107 characters; that of a longer home goes through a descriptor. 0 where there is none. */
static int find_socket(struct sockaddr_un *address)
{
    const char *home = secure_getenv("HOME");
    char path[4096];
    int length, directory;

    if (!home || home[0] != '/')
        return 0;
    length = snprintf(address->sun_path, sizeof address->sun_path, "%s" DIRECTORY NAME, home);
    if (length > 0 && length < (int)sizeof address->sun_path)
        return 1;
    length = snprintf(path, sizeof path, "%s" DIRECTORY, home);
    if (length < 0 || length >= (int)sizeof path || (directory = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0)
        return 0;
    snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d" NAME, directory);
    return 1;
}

/* A connection to a server of the same user; -1 where there is none. Nothing here waits. */
static int call_server(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct ucred peer = {.uid = (uid_t)-1};
    socklen_t size = sizeof peer;
    int server;

    if (!find_socket(&address) || (server = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) < 0)
        return -1;
    if (connect(server, (struct sockaddr *)&address, sizeof address) == 0 &&
        getsockopt(server, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && size == sizeof peer && peer.uid == geteuid())
        return server;
    close(server);
    return -1;
}

/* One more line of the packet; 0 where there is no room. */
static int add(char packet[PACKET_BYTES], size_t *used, const char *line)
{
    size_t length = strlen(line) + 1;

    if (length > PACKET_BYTES - *used)
        return 0;
    memcpy(packet + *used, line, length);
    *used += length;
    return 1;
}

/* The packet's length; 0 where it is too long. */
static size_t write_packet(char packet[PACKET_BYTES], const struct options *options)
{
    const struct {
        const char *name, *value;
    } given[] = {{"-a", options->extension}, {"-f", options->sender}, {"-d", options->recipient}};
    char *environment[MOST_VARIABLES + 3], number[16];
    size_t used = 0;
    int left = milliseconds_left() / 1000, count = 0, fits;

    choose_environment(environment);
    for (size_t i = 0; i < sizeof given / sizeof *given; i++)
        count += given[i].value ? 2 : 0;
    snprintf(number, sizeof number, "%d", left > 0 ? left : 1);
    fits = add(packet, &used, "pyfilter " VERSION) && add(packet, &used, number);
    snprintf(number, sizeof number, "%d", count);
    fits = fits && add(packet, &used, number);
    for (size_t i = 0; fits && i < sizeof given / sizeof *given; i++)
        if (given[i].value)
            fits = add(packet, &used, given[i].name) && add(packet, &used, given[i].value);
    for (char **variable = environment; fits && *variable; variable++)
        fits = add(packet, &used, *variable);
    return fits ? used : 0;
}

/* All of it, or nothing: a packet. */
static int send_packet(int server, const char *packet, size_t length, int message, int token)
{
    union {
        char room[CMSG_SPACE(2 * sizeof(int))];
        struct cmsghdr aligned;
    } control = {.room = {0}};
    struct iovec text = {.iov_base = (void *)(uintptr_t)packet, .iov_len = length};
    struct msghdr header = {
        .msg_iov = &text, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control.room,
    };
    struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
    const int descriptors[2] = {message, token};

    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof descriptors);
    memcpy(CMSG_DATA(rights), descriptors, sizeof descriptors);
    return sendmsg(server, &header, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)length;
}

enum owner { OURS, THEIRS, NOBODY_KNOWS };

/* Whose the message is, now and for good: ours, if the server has not taken it so far. */
static enum owner take_back(int token)
{
    uint64_t value;
    ssize_t length = -1;

    for (int tries = 0; tries < 10; tries++)
        if ((length = read(token, &value, sizeof value)) >= 0 || errno != EINTR)
            break;
    if (length == sizeof value)
        return OURS;
    return length < 0 && errno == EAGAIN ? THEIRS : NOBODY_KNOWS;
}

/* The end of the launcher, if this is an answer that fits. */
static void believe(const char *text, size_t length)
{
    static const char delivered[] = "0 " RECEIPT "\n", deferred[] = "75\n", rejected[] = "77 ";
    const char *line;

    if (length == sizeof delivered - 1 && memcmp(text, delivered, length) == 0)
        finish(DELIVERED, "");
    if (length == sizeof deferred - 1 && memcmp(text, deferred, length) == 0)
        finish(DEFERRED, "4.3.0 delivery postponed\n"); /* the server has logged why */
    if (length < sizeof rejected || memcmp(text, rejected, sizeof rejected - 1) != 0)
        return;
    line = refusal(text + sizeof rejected - 1, length - (sizeof rejected - 1));
    if (line)
        finish(REJECTED, line);
}

/* Returns if the message is ours again. */
static void await_answer(int server, int token)
{
    char text[4096]; /* a reason of 400 characters has 1600 bytes at most */
    int is_taken = 0;

    for (;;) {
        struct pollfd answer = {.fd = server, .events = POLLIN};
        int left = milliseconds_left();
        int ready = wait_for_event(&answer, 1, is_taken || left < TAKING_MS ? left : TAKING_MS);
        int fault = errno;
        /* An answer that has come counts, whatever else has come to pass. */
        ssize_t length = recv(server, text, sizeof text, MSG_DONTWAIT);

        if (length > 0 && length < (ssize_t)sizeof text)
            believe(text, (size_t)length);
        if (length >= 0 || (errno != EAGAIN && errno != EINTR)) {
            if (take_back(token) == OURS)
                return;
            defer(length > 0 ? "the server's answer is none; the mail stays in the queue"
                             : "the server ended in the midst of the delivery; the mail stays in the queue");
        }
        if (told_to_stop()) {
            take_back(token);
            defer("told to stop by %s; the mail stays in the queue", told_to_stop());
        }
        if (milliseconds_left() == 0) {
            take_back(token);
            defer("not done within %d seconds by the server; the mail stays in the queue", DEADLINE_MS / 1000);
        }
        if (ready > 0 || (ready == 0 && is_taken))
            continue;
        switch (take_back(token)) {
        case OURS:
            return;
        case NOBODY_KNOWS:
            defer("cannot tell whether the server has the message: %m; the mail stays in the queue");
        case THEIRS:
            is_taken = 1;
        }
        if (ready < 0) {
            errno = fault;
            defer("cannot wait for the server: %m; the mail stays in the queue");
        }
    }
}

/* Returns if Python has to deliver: there is no server, or none that takes the message. */
void hand_over(int message, const struct options *options)
{
    static char packet[PACKET_BYTES];
    size_t length = write_packet(packet, options);
    int token = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK), server;

    if (length == 0 || token < 0)
        return;
    server = call_server(); /* the last step before we speak: a clerk wakes by it */
    if (server >= 0) {
        if (send_packet(server, packet, length, message, token))
            await_answer(server, token);
        close(server);
    }
    close(token);
    if (server >= 0 && lseek(message, 0, SEEK_SET) != 0) /* who got it could have moved it */
        defer("cannot go back to the beginning of the message: %m; the mail stays in the queue");
}
