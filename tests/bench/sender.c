/*
 * sender PLACE CONNECTIONS SENDER RECIPIENT FILE: hand messages over, as fast as the server takes them.
 *
 * PLACE is the path of a Unix socket, where LMTP is spoken, or the port of an SMTP server at 127.0.0.1. FILE holds the
 * messages: for each its length in bytes, a line break, and the bytes as they go over the wire, from the header to the
 * "." alone in its line. Each connection takes the next message when its last one is answered: MAIL, RCPT and DATA in
 * one write (PIPELINING), then the message.
 *
 * Prints the seconds from the first MAIL to the last reply and the CPU seconds of this process meanwhile; then a line a
 * message, in the order of FILE: microseconds from MAIL to the reply, and the code of the reply (0: no reply came).
 * It is in C so that it takes little of the processors that the server has to share with it.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct letter {
    const char *data;
    size_t length;
    double began, took;
    int code;
};

struct connection {
    int fd;
    int awaited;   /* replies that are still to come */
    int has_data;  /* the message is sent: the reply to come is its */
    size_t letter; /* which it is at */
    char line[1024];
    size_t used;
    int code; /* of the last reply */
};

static struct letter *letters;
static size_t count, next, answered;
static char envelope[4096];
static size_t envelope_length;

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double spent(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void read_letters(const char *path)
{
    struct stat s;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &s) < 0)
        fail(path);
    const char *at = mmap(NULL, (size_t)s.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    if (at == MAP_FAILED)
        fail("mmap");
    const char *end = at + s.st_size;
    while (at < end) {
        char *data;
        size_t length = strtoul(at, &data, 10);
        letters = realloc(letters, (count + 1) * sizeof *letters);
        if (!letters)
            fail("memory");
        letters[count++] = (struct letter){.data = data + 1, .length = length};
        at = data + 1 + length;
    }
}

/* Returns 0 where the server has gone. */
static int say(int fd, const char *text, size_t length)
{
    while (length) {
        ssize_t sent = send(fd, text, length, MSG_NOSIGNAL);
        if (sent <= 0)
            return 0;
        text += sent;
        length -= (size_t)sent;
    }
    return 1;
}

/* Reads what has come; whole replies are taken off `awaited`. Returns 0 where the server has gone. */
static int hear(struct connection *c, int flags)
{
    ssize_t got = recv(c->fd, c->line + c->used, sizeof c->line - c->used, flags);
    if (got <= 0)
        return 0;
    c->used += (size_t)got;
    char *line = c->line, *end;
    while ((end = memchr(line, '\n', c->used - (size_t)(line - c->line)))) {
        if (end - line > 3 && line[3] != '-') {
            c->code = atoi(line);
            c->awaited--;
        }
        line = end + 1;
    }
    c->used -= (size_t)(line - c->line);
    memmove(c->line, line, c->used);
    return c->used < sizeof c->line;
}

static int connected(const char *place)
{
    struct sockaddr_un path = {.sun_family = AF_UNIX};
    struct sockaddr_in port = {.sin_family = AF_INET, .sin_port = htons((in_port_t)atoi(place))};
    int on = 1, fd = socket(place[0] == '/' ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), failed;

    if (place[0] == '/') {
        strncpy(path.sun_path, place, sizeof path.sun_path - 1);
        failed = connect(fd, (struct sockaddr *)&path, sizeof path);
    } else {
        port.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        failed = connect(fd, (struct sockaddr *)&port, sizeof port);
    }
    if (failed)
        fail(place);
    return fd;
}

static int begin(struct connection *c)
{
    c->letter = next++;
    c->awaited = 3;
    c->has_data = 0;
    letters[c->letter].began = now();
    return say(c->fd, envelope, envelope_length);
}

/* Everything that was awaited has come. Returns 0 where this connection has no more to do. */
static int go_on(struct connection *c)
{
    struct letter *letter = &letters[c->letter];
    if (!c->has_data && c->code == 354) {
        c->has_data = 1;
        c->awaited = 1;
        return say(c->fd, letter->data, letter->length);
    }
    letter->took = now() - letter->began;
    letter->code = c->code;
    answered++;
    return next < count && begin(c);
}

int main(int argc, char **argv)
{
    if (argc != 6)
        return 2;
    size_t connections = strtoul(argv[2], NULL, 10), open_ones = 0;
    envelope_length = (size_t)snprintf(envelope, sizeof envelope, "MAIL FROM:<%s>\r\nRCPT TO:<%s>\r\nDATA\r\n", argv[3], argv[4]);
    read_letters(argv[5]);
    struct connection *all = calloc(connections, sizeof *all);
    int poll = epoll_create1(EPOLL_CLOEXEC);
    if (!all || poll < 0)
        fail("memory");
    for (size_t i = 0; i < connections; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &all[i]};
        all[i].fd = connected(argv[1]);
        say(all[i].fd, argv[1][0] == '/' ? "LHLO bench.example\r\n" : "EHLO bench.example\r\n", 20);
        all[i].awaited = 2; /* the greeting and this */
        while (all[i].awaited)
            if (!hear(&all[i], 0))
                fail("greeting");
        epoll_ctl(poll, EPOLL_CTL_ADD, all[i].fd, &event);
    }
    double start = now(), cpu = spent();
    for (size_t i = 0; i < connections && next < count; i++)
        open_ones += (size_t)begin(&all[i]);
    while (open_ones) {
        struct epoll_event events[64];
        int ready = epoll_wait(poll, events, 64, 120000);
        if (ready <= 0)
            break; /* it hangs: what has no reply has code 0 */
        for (int i = 0; i < ready; i++) {
            struct connection *c = events[i].data.ptr;
            if (!hear(c, MSG_DONTWAIT) || (c->awaited <= 0 && !go_on(c))) {
                epoll_ctl(poll, EPOLL_CTL_DEL, c->fd, NULL);
                open_ones--;
            }
        }
    }
    printf("%.6f %.6f\n", (now() - start) / 1e6, spent() - cpu);
    for (size_t i = 0; i < count; i++)
        printf("%.0f %d\n", letters[i].took, letters[i].code);
    for (size_t i = 0; i < connections; i++)
        say(all[i].fd, "QUIT\r\n", 6);
    return 0;
}
