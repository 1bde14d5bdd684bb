/*
 * feeder.c - is the mail system that feeds us still there?
 *
 * End of file on standard input does not prove that a message is whole: it
 * also comes when the feeder died half way. So whose child we are is noted
 * first, and compared after the last byte; if it changed, the feeder is gone.
 *
 * Between Postfix's local(8) and us there may be a shell (mailbox_command =
 * pyfilter-deliver || exit 75), which outlives local(8). local(8) starts a
 * command as the leader of a session of its own, so the leader's parent is the
 * feeder, and is compared as well; Linux tells it in /proc/PID/stat, proc(5).
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "launcher.h"

static pid_t parent, leaders_parent;

/* The parent of the leader of our session; 0 where nobody tells. */
static pid_t parent_of_leader(void)
{
    char path[64], text[512], *behind_name;
    pid_t leader = getsid(0);
    ssize_t length = 0;
    long found;
    int file;

    if (leader <= 0 || leader == getpid())
        return 0;
    snprintf(path, sizeof path, "/proc/%ld/stat", (long)leader);
    if ((file = open(path, O_RDONLY | O_CLOEXEC)) < 0)
        return 0;
    length = read(file, text, sizeof text - 1);
    close(file);
    if (length <= 0)
        return 0;
    text[length] = '\0';
    /* "pid (name) state ppid …", and a name may hold anything, ")" too. */
    if (!(behind_name = strrchr(text, ')')) || sscanf(behind_name, ") %*c %ld", &found) != 1)
        return 0;
    return (pid_t)found;
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

    if (getppid() != parent)
        return "the process that fed the message ended before the message did";
    if (parent_of_leader() != leaders_parent)
        return "the mail system that fed the message through a shell ended before the message did";
    if (parent == 1 && getsid(0) == getpid() && (fstat(STDIN_FILENO, &input) != 0 || S_ISFIFO(input.st_mode)))
        return "the mail system that started this delivery is gone";
    return NULL;
}
