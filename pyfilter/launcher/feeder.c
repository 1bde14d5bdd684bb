/*
 * feeder.c - is the mail system that feeds us still there?
 *
 * End of file on standard input does not prove that a message is whole: it
 * also comes when the feeder died half way. So whose child we are is noted
 * first, and compared after the last byte; if it changed, the feeder is gone.
 *
 * That alone leaves a gap: a process that is killed closes its files first, and
 * gives away its children a moment later. Linux marks it as exiting before
 * either, in the flags of /proc/PID/stat (proc(5), PF_EXITING), so these are
 * looked at too. Where /proc tells nothing (hidepid), a moment's wait lets the
 * dying finish.
 *
 * Between Postfix's local(8) and us there may be a shell (mailbox_command =
 * pyfilter-deliver || exit 75), which outlives local(8). local(8) starts a
 * command as the leader of a session of its own, so the leader's parent is the
 * feeder, and is compared as well.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "launcher.h"

#define PF_EXITING 4UL /* linux/sched.h */
#define LAST_BREATH_MS 20

static pid_t parent, leaders_parent;

/* Parent and flags of a process; 0 where nobody tells. */
static int look_at(pid_t process, pid_t *its_parent, unsigned long *flags)
{
    char path[64], text[512], *behind_name;
    ssize_t length;
    long found;
    int file;

    snprintf(path, sizeof path, "/proc/%ld/stat", (long)process);
    if ((file = open(path, O_RDONLY | O_CLOEXEC)) < 0)
        return 0;
    length = read(file, text, sizeof text - 1);
    close(file);
    if (length <= 0)
        return 0;
    text[length] = '\0';
    /* "pid (name) state ppid pgrp session tty tpgid flags …", and a name may hold anything, ")" too. */
    behind_name = strrchr(text, ')');
    if (!behind_name || sscanf(behind_name, ") %*c %ld %*d %*d %*d %*d %lu", &found, flags) != 2)
        return 0;
    *its_parent = (pid_t)found;
    return 1;
}

/* The parent of the leader of our session; 0 for ourselves, or where nobody tells. */
static pid_t parent_of_leader(void)
{
    pid_t leader = getsid(0), its_parent;
    unsigned long flags;

    if (leader <= 0 || leader == getpid() || !look_at(leader, &its_parent, &flags))
        return 0;
    return its_parent;
}

static int is_exiting(pid_t process)
{
    pid_t its_parent;
    unsigned long flags;

    if (process == 0) /* beyond our container, or nobody */
        return 0;
    if (look_at(process, &its_parent, &flags))
        return (flags & PF_EXITING) != 0;
    wait_for_event(NULL, 0, LAST_BREATH_MS);
    return 0;
}

void note_feeder(void)
{
    parent = getppid();
    leaders_parent = parent_of_leader();
}

/*
 * Why the message may be cut, or NULL. A feeder that died before our first
 * instruction leaves init as our parent: nobody who feeds us by a pipe in a
 * session of our own is init itself. (As process 1 of a container we have no
 * parent; as the child of a process 1 that reads mail, no session of our own.)
 */
const char *feeder_gone(void)
{
    struct stat input;

    if (is_exiting(parent) || getppid() != parent)
        return "the process that fed the message ended before the message did";
    if (is_exiting(leaders_parent) || parent_of_leader() != leaders_parent)
        return "the mail system that fed the message through a shell ended before the message did";
    if (parent == 1 && getsid(0) == getpid() && (fstat(STDIN_FILENO, &input) != 0 || S_ISFIFO(input.st_mode)))
        return "the mail system that started this delivery is gone";
    return NULL;
}
