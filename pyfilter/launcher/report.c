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
 * waits for a log daemon that is stuck, and mail would wait with it. A person
 * who runs the launcher on a terminal reads the same line there.
 */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "launcher.h"

#define FACILITY_MAIL_ERROR 19 /* LOG_MAIL | LOG_ERR, RFC 3164 section 4.1.1 */

/* Control and 8-bit characters become \xHH, so that no text forges a log line. */
static size_t escape(char *into, size_t room, const char *text)
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
    return used;
}

static void to_system_log(const char *text)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = LOG_SOCKET};
    char record[LOG_BYTES + 64];
    int length = snprintf(record, sizeof record, "<%d>pyfilter-deliver[%ld]: %s", FACILITY_MAIL_ERROR, (long)getpid(), text);
    int log = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (log < 0 || length < 0)
        return;
    if (connect(log, (struct sockaddr *)&address, sizeof address) == 0)
        (void)!send(log, record, (size_t)length < sizeof record ? (size_t)length : sizeof record - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    close(log);
}

static void report(const char *format, va_list arguments)
{
    char text[2 * LOG_BYTES], escaped[LOG_BYTES];

    vsnprintf(text, sizeof text, format, arguments);
    escape(escaped, sizeof escaped, text);
    to_system_log(escaped);
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
