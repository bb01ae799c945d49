/*
 * spawn.c -- starting a program in a process group of its own, and ending all of the group.
 *
 * What the program gets is said in full: its three descriptors, a short list of environment
 * variables, default signals, limits, and a death with ours.  There is no shell.  Between fork
 * and exec only async-signal-safe functions are called, since other threads may hold locks.
 */
#include "harness/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FD_REPORT = 3, FD_HIGH = 10, FDS_MAX = 65536, WAIT_MS = 10, SAID_MAX = 500 };

/* What the child tells us when it cannot become the program. */
enum step { STEP_EXEC, STEP_DIR, STEP_FDS, STEP_LIMITS };
struct report { enum step step; int error; };

static const char *const always[] = { "PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", NULL };

static bool
is_program(const char *path, int *error)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return false;
	if (S_ISREG(st.st_mode) && access(path, X_OK) == 0)
		return true;
	*error = EACCES;
	return false;
}

/* The program's file, or NULL and errno's number in *error. A relative entry of PATH would mean
 * another folder after chdir, so only absolute ones count. */
static const char *
find_program(const char *argv0, const char *dir, int *error, struct arena *a)
{
	const char *path = getenv("PATH");

	*error = ENOENT;
	if (strchr(argv0, '/') != NULL)
		return is_program(path_join(dir, argv0, a), error) ? argv0 : NULL;
	if (path == NULL)
		path = "/usr/local/bin:/usr/bin:/bin";
	while (argv0[0] != '\0' && *path != '\0') {
		size_t n = strcspn(path, ":");
		char *file = arena_fmt(a, "%.*s/%s", (int)n, path, argv0);

		if (path[0] == '/' && is_program(file, error))
			return file;
		path += n + (path[n] == ':');
	}
	return NULL;
}

static size_t
name_length(const char *setting)
{
	return strcspn(setting, "=");
}

/* Adds or replaces: the last setting of a name wins. */
static void
set(char **env, size_t *n, char *setting)
{
	size_t len = name_length(setting), i = 0;

	while (i < *n && (name_length(env[i]) != len || strncmp(env[i], setting, len) != 0))
		i++;
	env[i] = setting;
	if (i == *n)
		(*n)++;
}

static void
pass(char **env, size_t *n, const char *name, struct arena *a)
{
	const char *value = getenv(name);

	if (value != NULL)
		set(env, n, arena_fmt(a, "%s=%s", name, value));
}

static char **
environment(const char *const *want, struct arena *a, struct err *e)
{
	size_t most = COUNT(always), n = 0;
	char **env;

	for (size_t i = 0; want != NULL && want[i] != NULL; i++)
		most++;
	env = arena_array(a, most, sizeof *env);
	for (size_t i = 0; always[i] != NULL; i++)
		pass(env, &n, always[i], a);
	for (size_t i = 0; want != NULL && want[i] != NULL; i++) {
		size_t len = name_length(want[i]);

		if (len == 0) {
			err_set(e, "env: '%s' has no name: write NAME or NAME=value", want[i]);
			return NULL;
		}
		if (want[i][len] == '=')
			set(env, &n, arena_strdup(a, want[i]));
		else
			pass(env, &n, want[i], a);
	}
	return env;
}

/* `beyond`: how far the hard limit lies above the soft one. */
static bool
limit(unsigned what, long value, rlim_t beyond)
{
	struct rlimit now, want = { (rlim_t)value, (rlim_t)value + beyond };

	if (value <= 0)
		return true;
	if (getrlimit(what, &now) != 0)
		return false;
	/* A hard limit that was there already and is lower stays. */
	if (now.rlim_max < want.rlim_max)
		want.rlim_max = now.rlim_max;
	if (want.rlim_max < want.rlim_cur)
		want.rlim_cur = want.rlim_max;
	return setrlimit(what, &want) == 0;
}

/* Descriptors 0 to 2 as asked for, 3 for the report, none above. */
static bool
arrange(const int fd[3], int report)
{
	int high[4];

	/* Away from 0..3 first: any of them may be the number of one that is still needed. */
	for (int i = 0; i < 4; i++)
		if ((high[i] = fcntl(i < 3 ? fd[i] : report, F_DUPFD, FD_HIGH)) < 0)
			return false;
	for (int i = 0; i < 3; i++)
		if (dup2(high[i], i) < 0)
			return false;
	if (dup3(high[3], FD_REPORT, O_CLOEXEC) < 0)
		return false;
	if (close_range(FD_REPORT + 1, ~0U, 0) != 0)
		for (int i = FD_REPORT + 1; i < FDS_MAX; i++)
			close(i);
	return true;
}

static void
reset_signals(void)
{
	struct sigaction plain = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int s = 1; s <= SIGRTMAX; s++)
		sigaction(s, &plain, NULL);      /* fails for KILL and STOP, which need none */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static noreturn void
give_up(int fd, enum step step)
{
	struct report r = { step, errno };

	/* If even this cannot be written, the parent sees a child that ends at once. */
	_exit(write(fd, &r, sizeof r) == (ssize_t)sizeof r ? 127 : 126);
}

static noreturn void
become(const struct spawn *s, const char *program, char **env, pid_t parent, int report)
{
	const struct child_limits *l = s->limits;

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)                 /* it died before prctl: nobody will signal */
		_exit(127);
	if (!arrange(s->fd, report))
		give_up(report, STEP_FDS);
	reset_signals();
	if (s->dir != NULL && chdir(s->dir) != 0)
		give_up(FD_REPORT, STEP_DIR);
	/* One second between the CPU limits: SIGXCPU says what happened, SIGKILL would not. */
	if (l != NULL && (!limit(RLIMIT_CPU, l->cpu_seconds, 1) ||
	    !limit(RLIMIT_NOFILE, l->files, 0) || !limit(RLIMIT_AS, l->memory, 0)))
		give_up(FD_REPORT, STEP_LIMITS);
	execve(program, (char *const *)(uintptr_t)s->argv, env);
	give_up(FD_REPORT, STEP_EXEC);
}

/* Waits until exec closed the pipe (nothing comes) or the child said why not. */
static bool
has_report(int fd, struct report *r)
{
	ssize_t n;

	do
		n = read(fd, r, sizeof *r);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof *r;
}

static int
explain(const struct spawn *s, struct report r, struct err *e)
{
	const char *name = s->argv[0], *why = strerror(r.error);

	switch (r.step) {
	case STEP_DIR:
		return err_set(e, "cannot start '%s': cannot enter '%s': %s", name, s->dir, why);
	case STEP_FDS:
		return err_set(e, "cannot start '%s': cannot hand over its pipes: %s", name, why);
	case STEP_LIMITS:
		return err_set(e, "cannot start '%s': cannot set its limits: %s", name, why);
	case STEP_EXEC:
		break;
	}
	return err_set(e, "cannot start '%s': %s", name, why);
}

int
spawn_check(const char *argv0, const char *dir, struct err *e)
{
	struct arena a = { 0 };
	int error, bad = 0;

	if (find_program(argv0, dir, &error, &a) == NULL)
		bad = err_set(e, "cannot start '%s': %s", argv0, strerror(error));
	arena_free(&a);
	return bad;
}

int
spawn_start(const struct spawn *s, pid_t *pid, struct err *e)
{
	struct arena a = { 0 };
	sigset_t all, before;
	struct report r;
	const char *program;
	char **env = environment(s->env, &a, e);
	pid_t parent = getpid();
	int error, report[2], bad = -1;

	if (env == NULL)
		goto out;
	if ((program = find_program(s->argv[0], s->dir, &error, &a)) == NULL) {
		err_set(e, "cannot start '%s': %s", s->argv[0], strerror(error));
		goto out;
	}
	if (pipe2(report, O_CLOEXEC) != 0) {
		err_set(e, "cannot start '%s': %s", s->argv[0], strerror(errno));
		goto out;
	}
	/* No handler of ours may run in the child before it has forgotten them. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	*pid = fork();
	if (*pid == 0)
		become(s, program, env, parent, report[1]);
	error = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	close(report[1]);
	if (*pid < 0) {
		err_set(e, "cannot start '%s': %s", s->argv[0], strerror(error));
	} else if (has_report(report[0], &r)) {
		explain(s, r, e);
		spawn_reap(*pid);
	} else {
		bad = 0;
	}
	close(report[0]);
out:
	arena_free(&a);
	return bad;
}

bool
spawn_over(pid_t pid)
{
	siginfo_t info = { 0 };

	/* An error means that there is nothing to wait for. */
	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
	    info.si_pid == pid;
}

void
spawn_signal(pid_t pid, int sig)
{
	kill(-pid, sig);
}

int
spawn_reap(pid_t pid)
{
	int status;

	spawn_signal(pid, SIGKILL);
	while (waitpid(pid, &status, 0) != pid)
		if (errno != EINTR)
			return -1;
	return status;
}

void
spawn_how(struct buf *b, int status)
{
	if (status == -1)
		buf_puts(b, "ended, nobody knows how");
	else if (WIFSIGNALED(status))
		buf_fmt(b, "was killed by signal %d (%s)", WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	else
		buf_fmt(b, "exited with status %d", WEXITSTATUS(status));
}

int
spawn_printing(const struct spawn *what, pid_t *pid, int *out, struct err *e)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC), p[2] = { -1, -1 }, bad = -1;
	struct spawn s = *what;

	if (null < 0 || pipe2(p, O_CLOEXEC) != 0 || fcntl(p[0], F_SETFL, O_NONBLOCK) != 0) {
		err_set(e, "cannot start '%s': %s", s.argv[0], strerror(errno));
	} else {
		s.fd[0] = null;
		s.fd[1] = s.fd[2] = p[1];
		bad = spawn_start(&s, pid, e);
	}
	if (null >= 0)
		close(null);
	if (p[1] >= 0)
		close(p[1]);
	if (bad != 0 && p[0] >= 0)
		close(p[0]);
	*out = p[0];
	return bad;
}

static int
judge_end(const char *name, bool over, int status, double seconds, struct str said, struct err *e)
{
	struct arena a = { 0 };
	struct buf how = { 0 };

	if (over && status == 0)
		return 0;
	if (over)
		spawn_how(&how, status);
	else
		buf_fmt(&how, "did not end in %g s", seconds);
	said = str_visible(str_trim(said), SAID_MAX, false, &a);
	err_set(e, "'%s' %s%s%.*s", name, how.p, said.n > 0 ? "; it said: " : "", STR_ARG(said));
	buf_free(&how);
	arena_free(&a);
	return -1;
}

int
spawn_output(const struct spawn *s, double seconds, struct buf *said, struct err *e)
{
	double limit = tick_now() + seconds;
	int out, status;
	char chunk[1024];
	bool over;
	pid_t pid;

	if (spawn_printing(s, &pid, &out, e) != 0)
		return -1;
	do {
		struct pollfd fd = { out, POLLIN, 0 };
		ssize_t n;

		over = spawn_over(pid);                  /* before reading: nothing said last is lost */
		while ((n = read(out, chunk, sizeof chunk)) > 0 && tick_now() < limit)
			buf_add(said, chunk, (size_t)n);
		if (!over)
			poll(&fd, n != 0, WAIT_MS);      /* at its end the pipe is always ready */
	} while (!over && tick_now() < limit);
	status = spawn_reap(pid);
	close(out);
	return judge_end(s->argv[0], over, status, seconds, buf_as_str(said), e);
}

void
tail_add(struct tail *t, const char *p, size_t n)
{
	size_t keep;

	if (n > sizeof t->p) {
		p += n - sizeof t->p;
		n = sizeof t->p;
	}
	keep = t->n < sizeof t->p - n ? t->n : sizeof t->p - n;
	memmove(t->p, t->p + t->n - keep, keep);
	memcpy(t->p + keep, p, n);
	t->n = keep + n;
}
