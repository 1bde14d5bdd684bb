/*
 * child.c - start Python on the hot path
 *
 * What the child gets, and nothing else of what the mail system or the user
 * left lying around:
 *   - a process group of its own, and SIGKILL if the launcher dies: nobody
 *     would hear the outcome any more, and the mail is tried again;
 *   - limits of CPU and memory (limits.c), and what is left of the time;
 *   - the message as standard input, at its beginning; two pipes to the
 *     launcher as standard output and error; no other descriptor;
 *   - the variables of local(8) listed below, PATH and LANG;
 *   - umask 077, working directory /;
 *   - python -I -S -P -B: no variables, no user directories, no site module,
 *     no script directory, no .pyc written beside the package by a delivery.
 *
 * BOOT runs pyfilter.mda.main(arguments, seconds) -> int and hands in a receipt, the
 * word that verdict.c wants to see before it believes in exit status 0: an
 * interpreter that ended well without running it all delivered nothing. What is
 * garbage in circles is looked for rarely: a delivery ends before it piles up, and
 * the looking took a twelfth of its CPU.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "launcher.h"

static const char boot[] =
    "import sys,posix,gc\n"
    "gc.set_threshold(100000)\n"
    "sys.path.append(sys.argv[1])\n"
    "from pyfilter.mda import main\n"
    "try:\n"
    " s=main(sys.argv[3:],int(sys.argv[2]))\n"
    "except SystemExit as e:\n"
    " s=e.code\n"
    "if s==0:\n"
    " posix.write(1,b'\\n" RECEIPT "\\n')\n"
    "elif s==77:\n"
    " sys.stdout.flush()\n"
    "posix._exit(s if s in(0,75,77)else 75)\n";

/* Passed on if set; a name that ends in _ stands for all that begin so. */
static const char *const allowed[] = {
    "HOME",      "USER",      "LOGNAME", "SHELL",  "TZ",      "PATH",
    "SENDER",    "RECIPIENT", "LOCAL",   "DOMAIN", "EXTENSION", "ORIGINAL_RECIPIENT",
    "CLIENT_", "SASL_",
};

static int is_allowed(const char *variable)
{
    const char *equals = strchr(variable, '=');
    size_t length = equals ? (size_t)(equals - variable) : 0;

    for (size_t i = 0; length && i < sizeof allowed / sizeof *allowed; i++) {
        size_t wanted = strlen(allowed[i]);
        int whole_family = allowed[i][wanted - 1] == '_';

        if (strncmp(variable, allowed[i], wanted) == 0 && (whole_family || length == wanted))
            return 1;
    }
    return 0;
}

void choose_environment(char *environment[MOST_VARIABLES + 3])
{
    static char language[] = "LANG=C", path[] = "PATH=/usr/bin:/bin";
    size_t count = 0;

    environment[count++] = language;
    if (!getenv("PATH"))
        environment[count++] = path;
    for (char **variable = environ; *variable && count < MOST_VARIABLES + 2; variable++)
        if (is_allowed(*variable))
            environment[count++] = *variable;
    environment[count] = NULL;
}

static void choose_arguments(const char *arguments[24], const struct installation *installation, const struct options *options)
{
    const struct {
        const char *name, *value;
    } given[] = {
        {"-a", options->extension}, {"-f", options->sender}, {"-d", options->recipient}, {"--rules", options->rules},
    };
    static char seconds[16];
    size_t count = 0;
    int left = milliseconds_left() / 1000;

    snprintf(seconds, sizeof seconds, "%d", left > 0 ? left : 1);
    arguments[count++] = installation->interpreter;
    arguments[count++] = "-I";
    arguments[count++] = "-S";
    arguments[count++] = "-P";
    arguments[count++] = "-B";
    arguments[count++] = "-X";
    arguments[count++] = "utf8";
    arguments[count++] = "-c";
    arguments[count++] = boot;
    arguments[count++] = installation->site;
    arguments[count++] = seconds;
    for (size_t i = 0; i < sizeof given / sizeof *given; i++)
        if (given[i].value) {
            arguments[count++] = given[i].name;
            arguments[count++] = given[i].value;
        }
    arguments[count] = NULL;
}

/* Every descriptor from 3 on ends with exec. */
static void close_all_others(void)
{
    struct rlimit limit;

#ifdef SYS_close_range
    if (syscall(SYS_close_range, 3U, ~0U, 0U) == 0)
        return;
#endif
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > 1 << 20)
        limit.rlim_cur = 1 << 20;
    for (int descriptor = 3; descriptor < (int)limit.rlim_cur; descriptor++)
        close(descriptor);
}

/* In the child: say why on standard error, which the launcher logs. */
static _Noreturn void give_up(int complaints, const char *what, const char *which)
{
    dprintf(complaints, "cannot %s %s: %m\n", what, which);
    _exit(DEFERRED);
}

static _Noreturn void become_python(int message, int output, int complaints, pid_t launcher, const char *const *arguments,
                                    char *const *environment)
{
    if (setpgid(0, 0) != 0)
        give_up(complaints, "leave", "the process group");
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
        give_up(complaints, "tie", "the child to the launcher");
    if (getppid() != launcher) { /* who else should hear it */
        dprintf(complaints, "the launcher is gone, or in another name space of processes\n");
        _exit(DEFERRED);
    }
    if (dup2(message, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 || dup2(complaints, STDERR_FILENO) < 0)
        give_up(complaints, "pass on", "the message");
    close_all_others();
    signals_for_child();
    umask(077);
    if (chdir("/") != 0)
        give_up(STDERR_FILENO, "change to directory", "/");
    limit_child();
    execve(arguments[0], (char *const *)arguments, environment);
    give_up(STDERR_FILENO, "start", arguments[0]);
}

void start_child(struct child *child, int message, const struct installation *installation, const struct options *options)
{
    char *environment[MOST_VARIABLES + 3];
    const char *arguments[24];
    int output[2], complaints[2];
    pid_t launcher = getpid();

    choose_environment(environment);
    choose_arguments(arguments, installation, options);
    if (pipe2(output, O_CLOEXEC) != 0 || pipe2(complaints, O_CLOEXEC) != 0 || fcntl(output[0], F_SETFL, O_NONBLOCK) != 0 ||
        fcntl(complaints[0], F_SETFL, O_NONBLOCK) != 0)
        defer("cannot make a pipe: %m; the mail stays in the queue");
    prctl(PR_SET_CHILD_SUBREAPER, 1); /* who loses its parent comes to us: killing.c; without it, only the group is killed */
    child->pid = fork();
    if (child->pid < 0)
        defer("cannot start a process: %m; the mail stays in the queue");
    if (child->pid == 0)
        become_python(message, output[1], complaints[1], launcher, arguments, environment);
    setpgid(child->pid, child->pid); /* whoever is first; the other's failure does not matter */
    close(output[1]);
    close(complaints[1]);
    child->output = output[0];
    child->complaints = complaints[0];
}
