// SPDX-License-Identifier: GPL-2.0
/*
 * Runs code in processes whose files, and so whose names, have any bytes that a name
 * can have; of some the file is gone by then. Tells of each its pid and, in hex, the
 * file's name.
 */
#include "inject.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PLACE		"/var/cache/names/"
#define NAME_BYTES	255

static const char *const names[] = {
	"plain", "a space", "a\ttab", "a\nline", "end\n", "\n", "\r", "\x01",
	"\x1b[31mred", "\x7f", "\\", "\\\\", "\\x0a", "\\n", "\"quoted\"", "'",
	"\xff", "\xc3", "\xc3\x28", "\xc0\xaf", "\xed\xa0\x80",
	"\xf4\x90\x80\x80", "\342\200\256fdp.exe", "\xc2\x85",
	"\xe2\x80\xa8", "\357\273\277bom", "\xef\xbf\xbd", "\xc3\xa9t\xc3\xa9",
	"\xe6\x97\xa5\xe6\x9c\xac", "\xf0\x9f\x98\x80", "a (deleted)",
	"(deleted)", "%s%n", "$(reboot)", "-rf", "[2:INIT]", "*?[!a]",
};

/* Names of 255 times the same byte, which is the most. */
static const char longest[] = { 'x', '\xff', '\n', '\\' };

static int strike_quietly(const char *how)
{
	char own[512] = "";

	if (!strcmp(how, "gone") &&
	    (readlink("/proc/self/exe", own, sizeof(own) - 1) < 0 ||
	     unlink(own)))
		give_up("unlink");
	jump(map_injected(&harmless));
	return 0;
}

static void tell(const char *name, pid_t pid, int status, int gone)
{
	char text[2 * NAME_BYTES + 1] = "";

	for (size_t i = 0; name[i]; i++)
		sprintf(text + 2 * i, "%02x", (unsigned char)name[i]);
	dprintf(1, "name: %d %s %s %d\n", pid, text, gone ? "gone" : "there",
		shell_status(status));
}

static void run_as(const char *name, int gone)
{
	char path[sizeof(PLACE) + NAME_BYTES];
	int status;
	pid_t pid;

	snprintf(path, sizeof(path), PLACE "%s", name);
	unlink(path);
	/* a file that has another name is not gone */
	if (gone)
		copy_self(path);
	else if (link("/usr/bin/atk-names", path))
		give_up("link");
	pid = fork();
	if (!pid) {
		execl(path, name, "strike", gone ? "gone" : "there", NULL);
		give_up("exec");
	}
	if (pid < 0)
		give_up("fork");
	waitpid(pid, &status, 0);
	unlink(path);
	tell(name, pid, status, gone);
}

int main(int argc, char **argv)
{
	char name[NAME_BYTES + 1] = "";

	if (argc > 2)
		return strike_quietly(argv[2]);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		run_as(names[i], i % 4 == 3);
	for (size_t i = 0; i < sizeof(longest); i++) {
		memset(name, longest[i], NAME_BYTES);
		run_as(name, i == 0);
	}
	return 0;
}
