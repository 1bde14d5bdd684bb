/*
 * verdict.c - wait for the child, and believe it only so far
 *
 *   child's end                               sender sees              status
 *   exit 0, receipt on standard output        nothing                  0
 *   exit 77, one line "5.7.1 reason"          that line                77
 *   exit 75                                   4.3.0 delivery postponed 75
 *   anything else: other statuses, signals,   4.3.0 delivery postponed 75
 *   a missing receipt, an unfit line, the
 *   deadline, SIGTERM to the launcher
 *
 * A fit line is "5.7.1 ", 1 to REASON_CHARACTERS printable characters and a
 * line feed, and nothing else. Whatever the child writes to standard error
 * is a fault (a delivery logs by itself); its last line goes to the log.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "launcher.h"

/*
 * The end of the child wakes us; its words do not, so that as little as can be
 * lies between that end and ours (killed in between, the mail comes twice).
 * This often the pipes are emptied all the same, should it be talkative.
 */
#define LOOK_MS 100

/* What was read from a pipe: its last bytes. */
struct stream {
    int descriptor;
    int cut; /* there was more before them */
    size_t length;
    char text[4096];
};

/* Read what there is, but not for ever. */
static void drain(struct stream *stream)
{
    char chunk[1024];

    for (int rounds = 0; rounds < 256 && stream->descriptor >= 0; rounds++) {
        ssize_t length = read(stream->descriptor, chunk, sizeof chunk);
        size_t room = sizeof stream->text - 1 - stream->length;

        if (length < 0 && errno == EINTR)
            continue;
        if (length < 0 && errno == EAGAIN)
            return;
        if (length <= 0) {
            stream->descriptor = -1; /* it has ended */
            return;
        }
        if ((size_t)length > room) {
            size_t drop = (size_t)length - room;

            memmove(stream->text, stream->text + drop, stream->length - drop);
            stream->length -= drop;
            stream->cut = 1;
        }
        memcpy(stream->text + stream->length, chunk, (size_t)length);
        stream->length += (size_t)length;
        if ((size_t)length < sizeof chunk) /* there is no more; each call here keeps the mail's end from being told */
            return;
    }
}

/*
 * Kill the delivery and defer. Or did it end by itself before the signal came?
 * Then how it ended counts, for the mail may be filed: its wait status.
 */
static int stop(struct child *child, struct stream *output, struct stream *complaints, const char *why)
{
    int status;

    if (!kill_delivery(child, &status) || !WIFEXITED(status))
        defer("%s; the delivery was stopped, the mail stays in the queue", why);
    drain(output);
    drain(complaints);
    return status;
}

/* Returns the wait status of the child, its words in both streams. */
static int wait_for_child(struct child *child, struct stream *output, struct stream *complaints)
{
    int status;

    for (;;) {
        pid_t ended = waitpid(child->pid, &status, WNOHANG);
        int fault = ended < 0 && errno != EINTR ? errno : 0;
        char why[128];

        /* What it wrote last is in the pipes by now; a grandchild that holds them open is not waited for. */
        drain(output);
        drain(complaints);
        if (ended == child->pid)
            return status;
        if (!fault && wait_for_event(NULL, 0, LOOK_MS) < 0)
            fault = errno;
        if (fault) {
            snprintf(why, sizeof why, "cannot wait for the delivery: %s", strerror(fault));
            return stop(child, output, complaints, why);
        }
        if (told_to_stop()) {
            snprintf(why, sizeof why, "told to stop by %s", told_to_stop());
            return stop(child, output, complaints, why);
        }
        if (milliseconds_left() == 0) {
            snprintf(why, sizeof why, "not done within %d seconds", DEADLINE_MS / 1000);
            return stop(child, output, complaints, why);
        }
    }
}

/* The last line that is not empty. */
static const char *last_line(struct stream *stream)
{
    char *start;

    while (stream->length > 0 && strchr("\r\n \t", stream->text[stream->length - 1]))
        stream->length--;
    stream->text[stream->length] = '\0';
    for (size_t i = 0; i < stream->length; i++)
        if (stream->text[i] == '\0')
            stream->text[i] = '?';
    start = strrchr(stream->text, '\n');
    return start ? start + 1 : stream->text;
}

static int has_receipt(const struct stream *output)
{
    static const char receipt[] = "\n" RECEIPT "\n";

    return memmem(output->text, output->length, receipt, sizeof receipt - 1) != NULL;
}

/*
 * The line for the sender, made from this text; NULL if it is anything but one
 * line with a reason. Mail systems pass on ASCII alone, so a character
 * beyond it (UTF-8, its first byte 0xc0 and above) becomes one question mark.
 */
const char *refusal(const char *text, size_t length)
{
    static const char code[] = "5.7.1 ";
    static char line[sizeof code + REASON_CHARACTERS + 1];
    const size_t start = sizeof code - 1;
    size_t end = length, used = start;

    if (end < start + 2 || memcmp(text, code, start) != 0 || text[--end] != '\n')
        return NULL;
    memcpy(line, code, start);
    for (size_t i = start; i < end; i++) {
        unsigned char byte = (unsigned char)text[i];

        if (byte < 0x20 || byte == 0x7f || (byte == ' ' && i == start))
            return NULL;
        if (byte >= 0x80 && byte < 0xc0)
            continue;
        if (used == start + REASON_CHARACTERS)
            return NULL;
        line[used++] = byte < 0x80 ? (char)byte : '?';
    }
    if (used == start)
        return NULL;
    line[used++] = '\n';
    line[used] = '\0';
    return line;
}

/* The signals that say why by themselves. */
static const char *told_by_signal(int number)
{
    switch (number) {
    case SIGALRM:
        return "the delivery was not done at its deadline, `set deadline` in the rules";
    case SIGXCPU:
        return "the delivery took more CPU time than it has";
    case SIGKILL:
        return "the delivery was killed, by somebody or for want of memory";
    default:
        return NULL;
    }
}

void await_verdict(struct child *child)
{
    struct stream output = {.descriptor = child->output}, complaints = {.descriptor = child->complaints};
    int status = wait_for_child(child, &output, &complaints);
    const char *complaint = last_line(&complaints), *line;

    if (*complaint)
        note("the delivery said: %s", complaint);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != DELIVERED) /* the mail is tried again: nothing of this attempt stays */
        kill_orphans();
    if (WIFSIGNALED(status)) {
        if (told_by_signal(WTERMSIG(status)))
            defer("%s; the mail stays in the queue", told_by_signal(WTERMSIG(status)));
        defer("the delivery died of signal %d; the mail stays in the queue", WTERMSIG(status));
    }
    switch (WEXITSTATUS(status)) {
    case DELIVERED:
        if (has_receipt(&output))
            finish(DELIVERED, "");
        defer("Python ended without having delivered; install pyfilter-mail anew");
    case REJECTED:
        line = output.cut ? NULL : refusal(output.text, output.length);
        if (line)
            finish(REJECTED, line);
        defer("a refusal without a fit reason; the mail stays in the queue");
    case DEFERRED:
        finish(DEFERRED, "4.3.0 delivery postponed\n"); /* the delivery has logged why */
    default:
        defer("the delivery ended with status %d; the mail stays in the queue", WEXITSTATUS(status));
    }
}
