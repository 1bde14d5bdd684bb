/*
 * What the files of pyfilter-deliver share. pyfilter-deliver.c holds the
 * manual page and the order of the steps; each other file is one step.
 */
#ifndef PYFILTER_LAUNCHER_H
#define PYFILTER_LAUNCHER_H

#include <poll.h>
#include <stddef.h>
#include <sys/types.h>

/* The only statuses a delivery has (status.py, sysexits.h). */
#define DELIVERED 0
#define DEFERRED 75 /* EX_TEMPFAIL */
#define REJECTED 77 /* EX_NOPERM */

/*
 * Milliseconds for a whole delivery, limits.DEADLINE_SECONDS: Postfix's
 * command_time_limit is 1000 s, and past it Postfix bounces. Only a compiler
 * can change it; no option and no variable does.
 */
#ifndef DEADLINE_MS
#define DEADLINE_MS 300000
#endif

/* Milliseconds until a server has taken the message: one that lives, and is not busy, does within one. */
#ifndef TAKING_MS
#define TAKING_MS 2000
#endif

/* Bytes of a message, limits.MESSAGE_BYTES: Python has no room for a larger one. */
#ifndef MESSAGE_BYTES
#define MESSAGE_BYTES (256LL << 20)
#endif

/* Of Python: seconds of CPU, limits.CPU_SECONDS, and bytes of address space, limits.MEMORY_BYTES. */
#ifndef CPU_SECONDS
#define CPU_SECONDS 120
#endif
#ifndef MEMORY_BYTES
#define MEMORY_BYTES (1LL << 30)
#endif

/* What whoever delivers says when it is done: the child, on a line of its own, and the server. */
#define RECEIPT "2.0.0 delivered"

/* Milliseconds granted to a killed child to be gone. */
#define FAREWELL_MS 2000

/* Bytes of one line of the system log; daemons cut at 1024. */
#define LOG_BYTES 900

/* Where the system log listens; tests put their own. */
#ifndef LOG_SOCKET
#define LOG_SOCKET "/dev/log"
#endif

/* Characters of a reason, limits.REASON_CHARACTERS. */
#define REASON_CHARACTERS 400

#ifndef VERSION
#define VERSION "unknown"
#endif

/* Of the variables that are passed on, so many at most. */
#define MOST_VARIABLES 64

/* The arguments as given; NULL where not given. */
struct options {
    const char *extension;
    const char *sender;
    const char *recipient;
    const char *rules;
};

/* Where Python and the package are. */
struct installation {
    char interpreter[4096];
    char site[4096];
};

/* report.c */
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void defer(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void finish(int status, const char *line);

/* deadline.c */
void start_clock(void);
int milliseconds_left(void);
void catch_signals(void);
int wait_for_event(struct pollfd *descriptors, nfds_t count, int milliseconds);
const char *told_to_stop(void);
void signals_for_child(void);

/* feeder.c */
void note_feeder(void);
const char *feeder_gone(void);

/* limits.c */
void limit_launcher(void);
void limit_child(void);

/* message.c */
int read_message(off_t *size);

/* installation.c */
void find_installation(struct installation *installation);

/* child.c */
struct child {
    pid_t pid;
    int output;
    int complaints;
};
void choose_environment(char *environment[MOST_VARIABLES + 3]);
void start_child(struct child *child, int message, const struct installation *installation, const struct options *options);

/* handover.c */
void hand_over(int message, const struct options *options);

/* killing.c */
int kill_delivery(struct child *child, int *status);
void kill_orphans(void);

/* verdict.c */
const char *refusal(const char *text, size_t length);
_Noreturn void await_verdict(struct child *child);

#endif
