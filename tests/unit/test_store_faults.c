/*
 * test_store_faults.c -- nothing that befalls the file or the writer makes the store lie.
 *
 * What ends the program (a full disk, damage, kill -9) happens in a child.
 */
#include "tests/unit/store_kit.h"

#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>

/* A body whose key another body already has: what a forger could do. */
static void
test_forged_key(void **state)
{
	struct store *s = with_run(4);
	struct completion c = answer(STR("honest"));
	char sql[200];

	(void)state;
	store_put_completion(s, 1, 1, 0, &c, STR(""));
	store_close(s);
	snprintf(sql, sizeof sql, "INSERT INTO digest SELECT %lld, text FROM completion",
	    (long long)hash64(STR("forged"), 0));
	by_hand(sql);
	s = opened(STORE_WRITE);
	c.text = STR("forged");
	store_put_completion(s, 1, 2, 0, &c, STR(""));
	store_put_completion(s, 1, 3, 0, &c, STR(""));
	text_is(s, "SELECT text FROM v_completion WHERE test_case = ?", 1, STR("honest"));
	text_is(s, "SELECT text FROM v_completion WHERE test_case = ?", 2, STR("forged"));
	text_is(s, "SELECT text FROM v_completion WHERE test_case = ?", 3, STR("forged"));
	store_close(s);
	by_hand("CREATE TEMP TABLE t (n CHECK (n = 1));"
	    "INSERT INTO t SELECT count(*) FROM blob WHERE bytes = x'666f72676564'");
}

/* A body that is gone, which takes a hand that knows its way, is told by name. */
static void
test_lost_body(void **state)
{
	struct store *s = with_run(4);
	struct completion c = answer(STR("to be lost"));
	struct buf out = { 0 };

	(void)state;
	store_put_completion(s, 1, 1, 0, &c, STR(""));
	store_close(s);
	by_hand("DROP TRIGGER blob_kept; DELETE FROM digest;"
	    "DELETE FROM blob WHERE bytes = CAST('to be lost' AS BLOB);"
	    "CREATE TRIGGER blob_kept BEFORE DELETE ON blob\n"
	    "BEGIN SELECT RAISE(ABORT, 'a body is never deleted'); END");
	s = opened(STORE_READ);
	assert_int_equal(store_check(s, &out), EXIT_DAMAGED);
	assert_non_null(strstr(out.p, "an answer to case 1 names a body that is not there"));
	buf_free(&out);
	store_close(s);
}

/* Evidence cannot be changed, not even by hand. */
static void
test_evidence(void **state)
{
	static const char *const sql[] = { "UPDATE event SET text = ''", "DELETE FROM event",
		"UPDATE completion SET outcome = 1", "DELETE FROM completion",
		"UPDATE blob SET bytes = x'00'", "DELETE FROM blob" };
	struct store *s = with_run(1);
	struct completion c = answer(STR("honest"));
	sqlite3 *db;

	(void)state;
	store_put_completion(s, 1, 1, 0, &c, STR(""));
	store_close(s);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	for (size_t i = 0; i < COUNT(sql); i++)
		assert_int_equal(sqlite3_exec(db, sql[i], NULL, NULL, NULL), SQLITE_CONSTRAINT);
	sqlite3_close(db);
}

static void
open_second(const void *part)
{
	refused(STORE_WRITE, EXIT_LOCKED, part);
}

static void
test_lock(void **state)
{
	struct store *s = with_run(2), *r;
	struct completion c = answer(STR("x"));
	char part[64];
	struct stat st;

	(void)state;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	snprintf(part, sizeof part, "process %ld on ", (long)getpid());
	assert_int_equal(in_child(open_second, part), 0);
	store_put_completion(s, 1, 1, 0, &c, STR(""));
	r = opened(STORE_READ);                                     /* during a write */
	assert_int_equal(store_long(r, 9, "SELECT count(*) FROM v_completion", ""), 0);
	store_flush(s);
	assert_int_equal(store_long(r, 9, "SELECT count(*) FROM v_completion", ""), 1);
	store_close(r);
	store_close(s);
	store_close(opened(STORE_WRITE));
	assert_true(store_is_network(0x6969) && !store_is_network(0xef53));
}

static void
test_refusals(void **state)
{
	static const char noise[8192] = "no database at all, only a text that is long enough";
	struct err e = { 0 };
	struct store *s;
	int fd;

	(void)state;
	forget();
	refused(STORE_READ, EXIT_MISTAKE, "there is no store");
	refused(STORE_WRITE, EXIT_MISTAKE, "there is no store");
	assert_int_equal(store_open(&s, "/tmp/none/of/these/store.db", STORE_CREATE, &e), EXIT_MISTAKE);
	store_close(with_run(1));
	by_hand("PRAGMA user_version = 99");
	refused(STORE_READ, EXIT_DAMAGED, "version 99");
	by_hand("PRAGMA user_version = 2; PRAGMA application_id = 7");
	refused(STORE_WRITE, EXIT_DAMAGED, "another program");
	by_hand("PRAGMA application_id = 1148341348; CREATE VIEW v_mine AS SELECT 1");
	refused(STORE_READ, EXIT_DAMAGED, "not those of a store");
	by_hand("DROP VIEW v_mine;"
	    "CREATE TRIGGER t AFTER INSERT ON score BEGIN DELETE FROM score; END");
	refused(STORE_WRITE, EXIT_DAMAGED, "not those of a store");
	by_hand("DROP TRIGGER t; ANALYZE");
	store_close(opened(STORE_WRITE));
	by_hand("DROP VIEW v_case");
	refused(STORE_READ, EXIT_DAMAGED, "not those of a store");
	assert_int_equal(truncate(path, 20000), 0);
	refused(STORE_READ, EXIT_DAMAGED, "sqlite3's .recover");
	fd = open(path, O_RDWR | O_TRUNC);
	assert_int_equal(pwrite(fd, noise, sizeof noise, 0), sizeof noise);
	close(fd);
	refused(STORE_READ, EXIT_DAMAGED, "not a store");
	assert_int_equal(truncate(path, 0), 0);
	refused(STORE_READ, EXIT_MISTAKE, "is empty");
	store_close(opened(STORE_CREATE));                          /* its maker was killed */
	store_close(opened(STORE_READ));
}

static void
test_migration(void **state)
{
	struct buf next = { 0 };
	struct err e = { 0 };
	struct store *s = with_run(3);
	struct completion c = answer(STR("x"));

	(void)state;
	store_put_completion(s, 1, 1, 0, &c, STR(""));
	store_close(s);
	buf_puts(&next, store_schema);
	buf_puts(&next, "\n-- migration 3\nALTER TABLE run ADD COLUMN note TEXT;\n"
	    "CREATE VIEW v_note AS SELECT id, note FROM run;\n"
	    "-- migration 4\nUPDATE run SET note = 'three';\n");
	assert_int_equal(store_open_schema(&s, path, STORE_READ, next.p, &e), EXIT_MISTAKE);
	assert_non_null(strstr(e.msg, "older version 2"));
	assert_int_equal(store_open_schema(&s, path, STORE_WRITE, next.p, &e), 0);
	text_is(s, "SELECT note FROM v_note WHERE id = ?", 1, STR("three"));
	assert_int_equal(store_long(s, 0, "SELECT count(*) FROM v_completion", ""), 1);
	store_close(s);
	assert_int_equal(store_open_schema(&s, path, STORE_READ, next.p, &e), 0);
	store_close(s);
	refused(STORE_WRITE, EXIT_DAMAGED, "version 4");
	forget();                                                   /* a new one is the same */
	assert_int_equal(store_open_schema(&s, path, STORE_CREATE, next.p, &e), 0);
	store_close(s);
	assert_int_equal(store_open_schema(&s, path, STORE_READ, next.p, &e), 0);
	store_close(s);
	/* A block that fails changes nothing. */
	store_close(with_run(1));
	buf_puts(&next, "-- migration 5\nCREATE TABLE half (x);\nINSERT INTO none VALUES (1);\n");
	assert_int_equal(store_open_schema(&s, path, STORE_WRITE, next.p, &e), EXIT_DAMAGED);
	store_close(opened(STORE_WRITE));
	buf_free(&next);
}

static void
read_all(const void *ctx)
{
	struct err e = { 0 };
	struct store *s;
	char sql[80];
	int status = store_open(&s, path, STORE_READ, &e);

	(void)ctx;
	if (status != 0)
		_exit(status);
	for (size_t i = 0; i < COUNT(views); i++) {
		snprintf(sql, sizeof sql, "SELECT * FROM %s", views[i]);
		for (struct query *q = store_query(s, sql, ""); query_next(q); )
			for (int col = 0; col < 3; col++)
				query_text(q, col);
	}
	store_close(s);
}

static void
test_bit_flips(void **state)
{
	struct store *s = with_run(20);
	struct stat st;
	unsigned char byte;
	int fd, status, found = 0;

	(void)state;
	for (long i = 1; i <= 20; i++) {
		char text[40];
		struct completion c;

		snprintf(text, sizeof text, "answer %ld", i);
		c = answer(str_of(text));
		store_put_completion(s, 1, i, 0, &c, STR("raw"));
		store_put_score(s, 1, 0, i, 0, (struct score){ true, 1, STR("why") });
	}
	store_close(s);
	assert_int_equal(stat(path, &st), 0);
	for (uint64_t i = 0; i < 400; i++) {
		/* Most of a small store is empty: every other flip goes to the schema and its header. */
		off_t span = i % 2 ? 20000 : st.st_size;
		off_t at = (off_t)(rng_at(5, "flip", i) % (uint64_t)span);
		unsigned char bit = (unsigned char)(1u << (rng_at(6, "bit", i) % 8));

		fd = open(path, O_RDWR);
		assert_int_equal(pread(fd, &byte, 1, at), 1);
		byte ^= bit;
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
		close(fd);
		status = in_child(read_all, NULL);
		if (!WIFEXITED(status) || (WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != EXIT_DAMAGED))
			fail_msg("bit %u of byte %lld: status %x", bit, (long long)at, status);
		found += WEXITSTATUS(status) == EXIT_DAMAGED;
		fd = open(path, O_RDWR);
		byte ^= bit;
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
		close(fd);
	}
	assert_true(found > 10);
	assert_int_equal(in_child(read_all, NULL), 0);
}

/* Writes batches of three until it is stopped; tells through the pipe what a flush took. */
static void
write_on(const void *ctx)
{
	int tell = *(const int *)ctx;
	struct store *s = opened(STORE_WRITE);
	long next = store_long(s, 0, "SELECT count(*) FROM v_completion", "") + 1;
	char text[3000];

	for (;; next++) {
		struct completion c;

		memset(text, 'x', sizeof text);
		snprintf(text, 30, "answer %ld", next);
		c = answer((struct str){ text, sizeof text });
		store_put_completion(s, 1, 1 + next % 4, (int)next, &c, STR(""));
		if (next % 3 == 0) {
			store_flush(s);
			if (write(tell, &next, sizeof next) != sizeof next)
				_exit(99);
		}
	}
}

/* What a writer that ended left behind: all that was acknowledged, and a sound store. */
static void
check_after(long told)
{
	struct buf out = { 0 };
	struct store *s = opened(STORE_READ);
	long have = store_long(s, 0, "SELECT count(*) FROM v_completion", "");

	assert_true(have == told || (have > told && have <= told + 3));
	assert_int_equal(store_long(s, 0, "SELECT count(*) FROM v_completion"
	    " WHERE length(CAST(text AS BLOB)) = 3000", ""), have);
	assert_int_equal(store_check(s, &out), 0);
	buf_free(&out);
	store_close(s);
}

static void
test_kill(void **state)
{
	long told = 0, n;
	int tell[2], status;
	pid_t pid;

	(void)state;
	store_close(with_run(4));
	for (uint64_t i = 0; i < 30; i++) {
		assert_int_equal(pipe(tell), 0);
		if ((pid = fork()) == 0) {
			close(tell[0]);
			write_on(&tell[1]);
		}
		close(tell[1]);
		/* From the first acknowledgement on: before it there is nothing to lose. */
		if (read(tell[0], &n, sizeof n) == sizeof n)
			told = n;
		usleep((useconds_t)(rng_at(9, "kill", i) % 8000));
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		while (read(tell[0], &n, sizeof n) == sizeof n)
			told = n;
		close(tell[0]);
		if (i % 2)                                          /* recovery by a reader, or a writer */
			check_after(told);
		else
			store_close(opened(STORE_WRITE));
	}
	check_after(told);
}

static void
fill(const void *ctx)
{
	struct rlimit lim = { 400000, 400000 };

	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &lim);
	write_on(ctx);
}

static void
test_full(void **state)
{
	int tell[2], status;
	long told = 0, n;

	(void)state;
	store_close(with_run(4));
	assert_int_equal(pipe(tell), 0);
	status = in_child(fill, &tell[1]);
	close(tell[1]);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), EXIT_SURROUNDINGS);
	while (read(tell[0], &n, sizeof n) == sizeof n)
		told = n;
	close(tell[0]);
	assert_true(told > 30);
	check_after(told);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forged_key), cmocka_unit_test(test_evidence),
		cmocka_unit_test(test_lost_body),
		cmocka_unit_test(test_lock), cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_migration), cmocka_unit_test(test_bit_flips),
		cmocka_unit_test(test_kill), cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests_name("store faults", tests, set_up, tear_down);
}
