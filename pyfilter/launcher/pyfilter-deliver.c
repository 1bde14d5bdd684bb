/*
 * pyfilter-deliver - hand a message to pyfilter, and keep the contract with
 * the mail system whatever happens
 *
 *     pyfilter-deliver [-a EXTENSION] [-f SENDER] [-d RECIPIENT] [--rules FILE]
 *
 * For mailbox_command and ~/.forward. The message comes on standard input;
 * the exit status is 0 (filed or handed on), 75 (try again) or 77 (refused, the
 * reason on standard output). No other status exists: Postfix would bounce the
 * mail. Not even a mistake on the command line is a reason to bounce mail, so it
 * is 75, and a line in the system log.
 *
 * Python cannot promise this by itself: when its loader, its start or its
 * memory fails, it ends with a status of its own. So this parent is C, static,
 * and does in order:
 *   1. note who feeds us; signals, clock, limits           feeder.c deadline.c limits.c
 *   2. read the message whole                              message.c
 *   3. the feeder gone? then it may be cut: 75             feeder.c
 *   4. hand it to the user's server, if there is one       handover.c
 *   5. else find Python and the package                    installation.c
 *   6. start Python in a clean room                        child.c
 *   7. wait, at most 300 s in all; believe only what fits  verdict.c killing.c
 * What it says goes through report.c. It asks no user data base (NSS): that can
 * hang and, in a static program, load foreign libraries.
 *
 * Sources: local(8), pipe(7), sysexits(3head), RFC 3463.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "launcher.h"

static const char help[] =
    "usage: pyfilter-deliver [-a EXTENSION] [-f SENDER] [-d RECIPIENT] [--rules FILE] < MESSAGE\n"
    "\n"
    "Delivers one message by the rules of ~/.pyfilterrc, for Postfix and ~/.forward:\n"
    "    mailbox_command = /opt/pyfilter/bin/pyfilter-deliver    (main.cf; nothing behind it, see docs/postfix.md)\n"
    "    \"|/opt/pyfilter/bin/pyfilter-deliver\"                  (~/.forward)\n"
    "\n"
    "  -a EXTENSION   what stands behind the + of the recipient, where it has no Delivered-To\n"
    "  -f SENDER      envelope sender, where the message has no Return-Path\n"
    "  -d RECIPIENT   envelope recipient, where it has no Delivered-To\n"
    "  --rules FILE   instead of ~/.pyfilterrc\n"
    "\n"
    "Ends with 0 (filed or handed on), 75 (try again), 77 (refused; the reason on standard output).\n"
    "Why a delivery was postponed stands in the system log. `pyfilter test` says what would happen to a message.\n";

/*
 * Are standard input, output and error open? So that no descriptor of ours
 * lands there. What is put in their place cannot be written to: a reason that
 * nobody hears must not look told.
 */
static void fill_standard_descriptors(void)
{
    if (fcntl(STDIN_FILENO, F_GETFD) < 0)
        defer("no standard input; the message is read from there");
    for (int descriptor = STDOUT_FILENO; descriptor <= STDERR_FILENO; descriptor++)
        if (fcntl(descriptor, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != descriptor)
            defer("no standard output or error, and no /dev/null: %m");
}

/* --help or --version, alone: what to print, else NULL. */
static const char *asked_for(int count, char *const *arguments)
{
    if (count == 2 && (strcmp(arguments[1], "--help") == 0 || strcmp(arguments[1], "-h") == 0))
        return help;
    if (count == 2 && strcmp(arguments[1], "--version") == 0)
        return "pyfilter-deliver " VERSION "\n";
    return NULL;
}

static void read_options(struct options *options, int count, char *const *arguments)
{
    const struct {
        const char *name;
        const char **value;
    } known[] = {
        {"-a", &options->extension}, {"-f", &options->sender}, {"-d", &options->recipient}, {"--rules", &options->rules},
    };
    size_t option;

    for (int i = 1; i < count; i++) {
        for (option = 0; option < sizeof known / sizeof *known; option++)
            if (strcmp(arguments[i], known[option].name) == 0)
                break;
        if (option == sizeof known / sizeof *known)
            defer("unknown argument '%s'; it takes -a EXTENSION, -f SENDER, -d RECIPIENT and --rules FILE", arguments[i]);
        if (++i == count)
            defer("a value is missing behind %s; it can be left out, the header above the message says it", known[option].name);
        *known[option].value = arguments[i];
    }
}

/* The child's working directory is /, so the rules get a whole path here. */
static const char *whole_path(const char *rules)
{
    static char path[2 * PATH_MAX];
    size_t length;

    if (!rules || rules[0] == '/')
        return rules;
    if (!getcwd(path, PATH_MAX))
        defer("cannot tell the working directory for --rules %s: %m; give the whole path", rules);
    length = strlen(path);
    if (snprintf(path + length, sizeof path - length, "/%s", rules) >= (int)(sizeof path - length))
        defer("the path behind --rules is too long");
    return path;
}

int main(int count, char **arguments)
{
    struct options options = {0};
    struct installation installation;
    struct child child;
    const char *answer, *problem;
    off_t size;
    int message;

    note_feeder();
    start_clock();
    fill_standard_descriptors();
    catch_signals();
    limit_launcher();
    if (getauxval(AT_SECURE))
        defer("installed set-user-ID or set-group-ID; it needs no privileges: chmod ug-s it");

    answer = asked_for(count, arguments);
    if (answer && (isatty(STDIN_FILENO) || isatty(STDOUT_FILENO)))
        finish(DELIVERED, answer);

    message = read_message(&size);
    if (size == 0 && answer)
        finish(DELIVERED, answer); /* nothing came that could be lost */
    if (size == 0)
        defer("no message on standard input");
    problem = feeder_gone();
    if (problem)
        defer("%s; the message may be cut, so nothing was delivered", problem);
    read_options(&options, count, arguments);
    options.rules = whole_path(options.rules);

    if (!options.rules) /* the server has read its own */
        hand_over(message, &options);
    find_installation(&installation);
    start_child(&child, message, &installation, &options);
    await_verdict(&child);
}
