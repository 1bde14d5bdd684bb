/*
 * installation.c - which Python, and where is the package?
 *
 * The answer follows from where this program lies, so that every installation
 * runs its own package and nobody has to configure it:
 *
 *     BIN/pyfilter-deliver                     this program
 *     BIN/../lib/python3.N/site-packages       virtual environment, pipx, uv tool
 *     BIN/../lib/python3.N/dist-packages       pip as root on Debian: /usr/local
 *     BIN/../lib/python3/dist-packages         a Debian package: /usr
 *     BIN/../lib64/…                           the same where lib64 is separate
 *
 * The interpreter is python3.N beside this program, in /usr/bin (pip install
 * --user, /usr/local) or in /usr/local/bin, else python3 or python beside this
 * program: compiled packages such as re2 work in one version only. Of several
 * Python versions the highest that has both is taken. A symbolic link to this
 * program (pipx makes one in ~/.local/bin) counts as what it points to.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "launcher.h"

#define HIGHEST_MINOR 99

/* BIN: the directory of this program, no link in it. */
static void own_directory(char bin[PATH_MAX])
{
    ssize_t length = readlink("/proc/self/exe", bin, PATH_MAX - 1);
    char *slash;

    if (length > 0) {
        bin[length] = '\0';
    } else { /* no /proc here */
        const char *called = (const char *)getauxval(AT_EXECFN);

        if (!called || !realpath(called, bin))
            defer("cannot tell where this program lies: %m; mount /proc");
    }
    /* A program replaced while it runs reads "… (deleted)": its directory still holds the new one. */
    if (!(slash = strrchr(bin, '/')))
        defer("cannot tell where this program lies: %s", bin);
    *slash = '\0';
    if (bin[0] != '/')
        defer("cannot tell where this program lies: %s", bin);
}

static int join(char into[PATH_MAX], const char *directory, const char *name)
{
    int length = snprintf(into, PATH_MAX, "%s/%s", directory, name);

    return length > 0 && length < PATH_MAX;
}

static int is_file(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

/* 11 for "python3.11", 0 for "python3", -1 for anything else. */
static int minor_version(const char *name)
{
    char *end;
    long minor;

    if (strncmp(name, "python3", 7) != 0)
        return -1;
    if (name[7] == '\0')
        return 0;
    if (name[7] != '.' || name[8] < '0' || name[8] > '9')
        return -1;
    minor = strtol(name + 8, &end, 10);
    return *end == '\0' && minor <= HIGHEST_MINOR ? (int)minor : -1;
}

/* Does LIB/python3.N hold the package? Then the directory is in site. */
static int find_package(char site[PATH_MAX], const char *lib, const char *version)
{
    static const char *const kinds[] = {"site-packages", "dist-packages"};
    char directory[PATH_MAX], module[PATH_MAX];

    if (!join(directory, lib, version))
        return 0;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (join(site, directory, kinds[i]) && join(module, site, "pyfilter/mda.py") && is_file(module))
            return 1;
    return 0;
}

static int find_interpreter(char interpreter[PATH_MAX], const char *bin, const char *version)
{
    const struct {
        const char *directory, *name;
    } places[] = {
        {bin, version}, {"/usr/bin", version}, {"/usr/local/bin", version}, {bin, "python3"}, {bin, "python"},
    };

    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (join(interpreter, places[i].directory, places[i].name) && is_file(interpreter) && access(interpreter, X_OK) == 0)
            return 1;
    return 0;
}

/* The highest version in LIB that has package and interpreter. */
static int search(struct installation *found, const char *bin, const char *lib, int *seen_package)
{
    DIR *listing = opendir(lib);
    struct dirent *entry;
    int best = -1;

    if (!listing)
        return 0;
    while ((entry = readdir(listing))) {
        struct installation candidate;
        int minor = minor_version(entry->d_name);

        if (minor <= best || !find_package(candidate.site, lib, entry->d_name))
            continue;
        *seen_package = 1;
        if (!find_interpreter(candidate.interpreter, bin, entry->d_name))
            continue;
        best = minor;
        *found = candidate;
    }
    closedir(listing);
    return best >= 0;
}

void find_installation(struct installation *found)
{
    static const char *const libraries[] = {"lib", "lib64"};
    char bin[PATH_MAX], prefix[PATH_MAX], lib[PATH_MAX];
    int seen_package = 0;

    own_directory(bin);
    strcpy(prefix, bin);
    *strrchr(prefix, '/') = '\0';
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++)
        if (join(lib, prefix, libraries[i]) && search(found, bin, lib, &seen_package))
            return;
    if (seen_package)
        defer("no Python that can be run beside %s/pyfilter-deliver nor in /usr/bin; install Python, or pyfilter-mail anew", bin);
    defer("no readable package pyfilter in %s/lib/python3*/; install pyfilter-mail anew, where all users can read it", prefix);
}
