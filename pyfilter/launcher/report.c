/*
 * report.c - what the launcher says, and to whom
 *
 * To the sender of the mail (standard output, which Postfix puts into a bounce
 * or a delivery report): one line of ours, an enhanced status code of RFC 3463
 * and a text. Such a line outranks the exit status for local(8), so nothing
 * else is ever written there.
 *
 * To the administrator (the system log, facility mail): what failed and what
 * to do. A datagram to /dev/log is sent by hand and without waiting: syslog(3)
 * waits for a log daemon that is stuck, and mail would wait with it. Where
 * there is none, or it takes nothing, the line goes where pyfilter's log.py writes,
 * too: in a home that is the user's own. A person who runs the launcher on a
 * terminal reads the same line there.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "launcher.h"

#define FACILITY_MAIL_ERROR 19 /* LOG_MAIL | LOG_ERR, RFC 3164 section 4.1.1 */

/* Control and 8-bit characters become \xHH, so that no text forges a log line. */
static void escape(char *into, size_t room, const char *text)
{
    size_t used = 0;

    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        int printable = *c >= 0x20 && *c < 0x7f;

        if (used + (printable ? 1 : 4) >= room)
            break;
        if (printable)
            into[used++] = (char)*c;
        else
            used += (size_t)snprintf(into + used, room - used, "\\x%02x", *c);
    }
    into[used] = '\0';
}

/* 0 where no log daemon takes it. */
static int to_system_log(const char *text)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = LOG_SOCKET};
    char record[LOG_BYTES + 64];
    int length = snprintf(record, sizeof record, "<%d>pyfilter-deliver[%ld]: %s", FACILITY_MAIL_ERROR, (long)getpid(), text);
    int log = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int taken;

    if (log < 0)
        return 0;
    taken = length > 0 && connect(log, (struct sockaddr *)&address, sizeof address) == 0 &&
            send(log, record, strlen(record), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
    close(log);
    return taken;
}

/* ~/.local/state/pyfilter/log, in log.py's form. O_NONBLOCK: a FIFO there must not hold the mail up. */
static void to_users_log(const char *text)
{
    static const char *const steps[] = {"/.local", "/.local/state", "/.local/state/pyfilter"};
    const char *home = secure_getenv("HOME");
    char path[PATH_MAX], stamp[64] = "";
    time_t now = time(NULL);
    struct tm *local = localtime(&now);
    struct stat status;
    int log;

    /* Root with a user's HOME (sudo) must not make directories there: the user could not write in them. */
    if (!home || home[0] != '/' || strlen(home) > PATH_MAX - 64 || stat(home, &status) != 0 || status.st_uid != geteuid())
        return;
    umask(077);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        snprintf(path, sizeof path, "%s%s", home, steps[i]);
        mkdir(path, 0700);
    }
    strcat(path, "/log");
    log = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW, 0600);
    if (log < 0)
        return;
    if (local)
        strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S%z ", local);
    dprintf(log, "%spyfilter-deliver[%ld]: %s\n", stamp, (long)getpid(), text);
    close(log);
}

__attribute__((format(printf, 1, 0))) static void report(const char *format, va_list arguments)
{
    char text[2 * LOG_BYTES], escaped[LOG_BYTES];

    vsnprintf(text, sizeof text, format, arguments);
    escape(escaped, sizeof escaped, text);
    if (!to_system_log(escaped))
        to_users_log(escaped);
    if (isatty(STDERR_FILENO))
        dprintf(STDERR_FILENO, "pyfilter-deliver: %s\n", escaped);
}

/* A line for the administrator; errno's text is %m. */
void note(const char *format, ...)
{
    int cause = errno;
    va_list arguments;

    va_start(arguments, format);
    report(format, arguments);
    va_end(arguments);
    errno = cause;
}

/* The mail stays in the queue; the administrator learns why. */
void defer(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    report(format, arguments);
    va_end(arguments);
    finish(DEFERRED, "4.3.0 delivery postponed\n");
}

/*
 * End with this status, and this line for the sender ("" for none). A refusal
 * without its reason is no refusal: it is tried again.
 */
void finish(int status, const char *line)
{
    size_t length = strlen(line);
    ssize_t written = length ? write(STDOUT_FILENO, line, length) : 0;

    if (status == REJECTED && written != (ssize_t)length)
        status = DEFERRED;
    _exit(status);
}
