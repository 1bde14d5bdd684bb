/*
 * deadline.c - time and signals
 *
 * One clock for the whole delivery, from the first byte awaited to the last
 * child reaped; and one place where the launcher waits. Signals arrive only
 * there (they are blocked elsewhere), so that no signal falls between a look
 * and a wait.
 *
 * Should the launcher itself stall (its installation on a dead network disk),
 * SIGALRM ends it somewhat later; death by a signal defers as well.
 *
 * SIGTERM, SIGINT and SIGHUP end a delivery in order: the group is killed, the
 * mail deferred. SIGXFSZ and SIGPIPE are ignored, here and in the child: a full
 * file is an error to be handled (mailbox_size_limit arrives as RLIMIT_FSIZE),
 * not a death.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

#include "launcher.h"

static struct timespec begin;
static sigset_t inherited, while_waiting;
static volatile sig_atomic_t stopped_by;

static long long now_ms(void)
{
    struct timespec now;

    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        defer("cannot read the clock: %m; the mail stays in the queue");
    return (now.tv_sec - begin.tv_sec) * 1000LL + (now.tv_nsec - begin.tv_nsec) / 1000000;
}

void start_clock(void)
{
    if (clock_gettime(CLOCK_MONOTONIC, &begin) != 0)
        defer("cannot read the clock: %m; the mail stays in the queue");
}

/* Milliseconds until the deadline; 0 when it has passed. */
int milliseconds_left(void)
{
    long long left = DEADLINE_MS - now_ms();

    return left > 0 ? (int)left : 0;
}

static void on_signal(int number)
{
    if (number != SIGCHLD)
        stopped_by = number;
}

void catch_signals(void)
{
    static const int caught[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP};
    struct sigaction ignore = {.sa_handler = SIG_IGN}, handle = {.sa_handler = on_signal};
    struct sigaction die = {.sa_handler = SIG_DFL};
    sigset_t block, alarms;

    sigemptyset(&alarms);
    sigaddset(&alarms, SIGALRM);
    if (sigaction(SIGALRM, &die, NULL) != 0 || sigprocmask(SIG_UNBLOCK, &alarms, NULL) != 0)
        defer("cannot set an alarm: %m; the mail stays in the queue");
    alarm((DEADLINE_MS + FAREWELL_MS) / 1000 + 10);
    sigemptyset(&block);
    for (size_t i = 0; i < sizeof caught / sizeof *caught; i++)
        sigaddset(&block, caught[i]);
    if (sigprocmask(SIG_BLOCK, &block, &inherited) != 0)
        defer("cannot block signals: %m; the mail stays in the queue");
    /* Whatever the caller blocked or ignored: a child that ends, and an order
     * to stop, are heard while waiting. */
    while_waiting = inherited;
    for (size_t i = 0; i < sizeof caught / sizeof *caught; i++) {
        sigdelset(&while_waiting, caught[i]);
        if (sigaction(caught[i], &handle, NULL) != 0)
            defer("cannot catch signal %d: %m; the mail stays in the queue", caught[i]);
    }
    if (sigaction(SIGPIPE, &ignore, NULL) != 0 || sigaction(SIGXFSZ, &ignore, NULL) != 0)
        defer("cannot ignore SIGPIPE and SIGXFSZ: %m; the mail stays in the queue");
}

/*
 * In the child, before it becomes Python: none is blocked, and the limit of CPU
 * ends it even if our caller ignored SIGXCPU. (What is caught here is not caught
 * behind execve, and deadline.py takes care of its own.)
 */
void signals_for_child(void)
{
    struct sigaction die = {.sa_handler = SIG_DFL};
    sigset_t none;

    sigaction(SIGXCPU, &die, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/*
 * poll(2) that signals can end; the caller looks again at what it waits for.
 * Returns what poll returns, 0 also for a signal, -1 with errno for a fault.
 */
int wait_for_event(struct pollfd *descriptors, nfds_t count, int milliseconds)
{
    struct timespec limit = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000L};
    int ready = ppoll(descriptors, count, &limit, &while_waiting);

    if (ready < 0 && errno == EINTR) {
        for (nfds_t i = 0; i < count; i++)
            descriptors[i].revents = 0;
        return 0;
    }
    return ready;
}

/* The name of the signal that told us to stop, or NULL. */
const char *told_to_stop(void)
{
    switch (stopped_by) {
    case 0:
        return NULL;
    case SIGTERM:
        return "SIGTERM";
    case SIGINT:
        return "SIGINT";
    default:
        return "SIGHUP";
    }
}
