/*
 * killing.c - end a delivery with all that it started
 *
 * Python and whatever stayed in its process group get one SIGKILL. A program that
 * rules run has a session of its own (services/child.py), and any program can
 * leave its group. But who loses its parent becomes a child of the launcher
 * (PR_SET_CHILD_SUBREAPER, child.c), and so is found in /proc and killed, until
 * there is none: the mail is tried again, and two deliveries of it must not go on
 * side by side. Where /proc has no list of children, the group is all.
 *
 * Nobody is waited for beyond FAREWELL_MS: a process may hang in the kernel, on a
 * dead network disk.
 *
 * Sources: prctl(2), proc(5) (/proc/PID/task/TID/children).
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "launcher.h"

#define STEP_MS 20

/* Is /proc that of our own name space? In another one its numbers are those of strangers. */
static int proc_is_ours(void)
{
    char own[32], number[32];
    ssize_t length = readlink("/proc/self", own, sizeof own - 1);

    if (length <= 0)
        return 0;
    own[length] = '\0';
    snprintf(number, sizeof number, "%ld", (long)getpid());
    return strcmp(own, number) == 0;
}

/* Kill our children, as many as one look shows; 0 if there are none, or nobody tells. */
static int kill_children(void)
{
    char text[4096], *rest = text;
    ssize_t length;
    int file, found = 0;

    if ((file = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC)) < 0)
        return 0;
    length = read(file, text, sizeof text - 1);
    close(file);
    if (length <= 0)
        return 0;
    text[length] = '\0';
    for (;;) { /* "PID PID ", the last one cut if there are too many: then it has no blank behind it */
        char *end;
        long process = strtol(rest, &end, 10);

        if (end == rest || *end != ' ' || process <= 1)
            return found;
        found = 1;
        kill((pid_t)process, SIGKILL);
        rest = end;
    }
}

/* Who lost its parent, and is ours now. */
void kill_orphans(void)
{
    if (!proc_is_ours())
        return;
    for (int waited = 0; waited < FAREWELL_MS && kill_children(); waited += STEP_MS) {
        pid_t ended;

        while ((ended = waitpid(-1, NULL, WNOHANG)) > 0)
            continue;
        if (ended < 0) /* ECHILD: none is left */
            return;
        wait_for_event(NULL, 0, STEP_MS);
    }
}

/* 1 and the wait status if Python is gone; 0 if it could not be waited for. */
int kill_delivery(struct child *child, int *status)
{
    pid_t ended;

    if (kill(-child->pid, SIGKILL) != 0)
        kill(child->pid, SIGKILL);
    for (int waited = 0; (ended = waitpid(child->pid, status, WNOHANG)) == 0 && waited < FAREWELL_MS; waited += STEP_MS)
        wait_for_event(NULL, 0, STEP_MS);
    kill_orphans();
    return ended == child->pid;
}
