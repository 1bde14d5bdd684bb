/*
 * limits.c - what one delivery may take of the machine
 *
 *   launcher   no core file: it would hold the mail, and lie in the queue
 *   Python     the same; CPU_SECONDS of CPU, MEMORY_BYTES of address space
 *
 * These are soft limits, never above those that are there: a program that rules
 * run gets limits of its own (services/child.py). Python watches the CPU of
 * its decisions by itself, and keeps the message (deadline.py); the limit here is
 * for what never comes back to Python, and for its start: SIGXCPU, so 75. Too
 * little memory is an error that Python handles: 75 as well.
 *
 * A limit that cannot be set is left out: mail is delivered without a net, too.
 *
 * Sources: setrlimit(2), core(5).
 */
#include <sys/resource.h>

#include "launcher.h"

static void lower(__rlimit_resource_t what, rlim_t most)
{
    struct rlimit limit;

    if (getrlimit(what, &limit) != 0 || limit.rlim_cur <= most) /* RLIM_INFINITY is the largest number */
        return;
    limit.rlim_cur = most;
    (void)!setrlimit(what, &limit);
}

/* Python and all it starts inherit this one. */
void limit_launcher(void)
{
    lower(RLIMIT_CORE, 0);
}

void limit_child(void)
{
    lower(RLIMIT_CPU, CPU_SECONDS);
    lower(RLIMIT_AS, MEMORY_BYTES);
}
