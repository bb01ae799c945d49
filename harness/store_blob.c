/*
 * store_blob.c -- bodies, each stored once.
 *
 * Equal bytes are found by a 64-bit XXH3 key, and then compared: the key can be forged, and
 * two bodies may share it.  Keys come in random order, so that putting each into its B-tree at
 * once would write, journal and sync one page per body.  Instead the keys of new bodies wait
 * in memory and are filed in order, many per page, when there are PENDING_MAX or when the store
 * is closed.  Nothing is lost in a crash: table `filed` says up to which body keys are filed,
 * and the keys of the rest are computed again.
 */
#include "harness/store_int.h"

enum { PENDING_MAX = 32768, PENDING_SLOTS = 2 * PENDING_MAX };

struct pending { uint64_t key; long blob; };      /* blob 0: an empty slot */

static const char *const sql[STORE_BLOB_VERBS] = {
	[BODY_PUT] = "INSERT INTO blob (bytes) VALUES (?)",
	[BODY_GET] = "SELECT bytes FROM blob WHERE id = ?",
	[BODY_REST] = "SELECT id, bytes FROM blob WHERE id > (SELECT blob FROM filed) ORDER BY id",
	[KEY_FIND] = "SELECT blob FROM digest WHERE key = ?",
	[KEY_PUT] = "INSERT INTO digest (key, blob) VALUES (?, ?)",
	[FILED_SET] = "UPDATE filed SET blob = ?",
};

static sqlite3_stmt *
verb(struct store *s, enum store_blob_verb v)
{
	if (s->body[v] == NULL)
		s->body[v] = store_prepare(s, sql[v]);
	return s->body[v];
}

static void
run(struct store *s, sqlite3_stmt *st)
{
	if (sqlite3_step(st) != SQLITE_DONE)
		store_fail(s, "write");
	sqlite3_reset(st);
}

/* Whether blob `id` holds these bytes. */
static bool
holds(struct store *s, long id, struct str bytes)
{
	sqlite3_stmt *st = verb(s, BODY_GET);
	bool same;
	int rc;

	sqlite3_bind_int64(st, 1, id);
	rc = sqlite3_step(st);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		store_fail(s, "find a body");
	same = rc == SQLITE_ROW && (size_t)sqlite3_column_bytes(st, 0) == bytes.n &&
	    memcmp(sqlite3_column_blob(st, 0), bytes.p, bytes.n) == 0;
	sqlite3_reset(st);
	return same;
}

static int
by_key(const void *a, const void *b)
{
	const struct pending *x = a, *y = b;

	if (x->key != y->key)
		return (int64_t)x->key < (int64_t)y->key ? -1 : 1;     /* as SQLite orders them */
	return x->blob < y->blob ? -1 : x->blob > y->blob;
}

void
store_file_keys(struct store *s)
{
	sqlite3_stmt *st;
	size_t n = 0;
	long last = 0;

	if (s->npending == 0)
		return;
	store_begin(s);
	for (size_t i = 0; i < PENDING_SLOTS; i++)
		if (s->pending[i].blob != 0)
			s->pending[n++] = s->pending[i];
	qsort(s->pending, n, sizeof *s->pending, by_key);
	st = verb(s, KEY_PUT);
	for (size_t i = 0; i < n; i++) {
		sqlite3_bind_int64(st, 1, (sqlite3_int64)s->pending[i].key);
		sqlite3_bind_int64(st, 2, s->pending[i].blob);
		run(s, st);
		last = s->pending[i].blob > last ? s->pending[i].blob : last;
	}
	st = verb(s, FILED_SET);
	sqlite3_bind_int64(st, 1, last);
	run(s, st);
	memset(s->pending, 0, PENDING_SLOTS * sizeof *s->pending);
	s->npending = 0;
}

void
store_forget_bodies(struct store *s)
{
	mem_free(s->pending);
	s->pending = NULL;
	s->npending = 0;
	memset(s->recent, 0, sizeof s->recent);
	s->finish.blob = s->served.blob = s->fingerprint.blob = 0;
}

static void
add_pending(struct store *s, uint64_t key, long blob)
{
	size_t i;

	if (s->npending >= PENDING_MAX)
		store_file_keys(s);
	for (i = key % PENDING_SLOTS; s->pending[i].blob != 0; i = (i + 1) % PENDING_SLOTS)
		continue;
	s->pending[i] = (struct pending){ key, blob };
	s->npending++;
}

/* The keys that a killed writer left unfiled. */
static void
load_pending(struct store *s)
{
	sqlite3_stmt *st = verb(s, BODY_REST);
	int rc;

	s->pending = mem_alloc(PENDING_SLOTS, sizeof *s->pending);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		struct str bytes = { sqlite3_column_blob(st, 1), (size_t)sqlite3_column_bytes(st, 1) };

		add_pending(s, hash64(bytes, 0), sqlite3_column_int64(st, 0));
	}
	if (rc != SQLITE_DONE)
		store_fail(s, "read the bodies");
	sqlite3_reset(st);
}

/* The blob with this key and these bytes, or 0. */
static long
find(struct store *s, uint64_t key, struct str bytes)
{
	sqlite3_stmt *st;
	long id = 0;
	int rc;

	for (size_t i = key % PENDING_SLOTS; s->pending[i].blob != 0; i = (i + 1) % PENDING_SLOTS)
		if (s->pending[i].key == key && holds(s, s->pending[i].blob, bytes))
			return s->pending[i].blob;
	st = verb(s, KEY_FIND);
	sqlite3_bind_int64(st, 1, (sqlite3_int64)key);
	while (id == 0 && (rc = sqlite3_step(st)) != SQLITE_DONE) {
		if (rc != SQLITE_ROW)
			store_fail(s, "find a body");
		if (holds(s, sqlite3_column_int64(st, 0), bytes))
			id = sqlite3_column_int64(st, 0);
	}
	sqlite3_reset(st);
	return id;
}

/* Labels and other short answers come again and again: the last of each key's place is at hand. */
static long
recall(const struct store *s, uint64_t key, struct str bytes)
{
	const struct recent *r = &s->recent[key % COUNT(s->recent)];

	return r->n == bytes.n && bytes.n <= sizeof r->bytes &&
	    memcmp(r->bytes, bytes.p, bytes.n) == 0 ? r->blob : 0;
}

static void
remember(struct store *s, uint64_t key, struct str bytes, long blob)
{
	struct recent *r = &s->recent[key % COUNT(s->recent)];

	if (bytes.n > sizeof r->bytes)
		return;
	memcpy(r->bytes, bytes.p, bytes.n);
	r->n = bytes.n;
	r->blob = blob;
}

long
store_intern(struct store *s, struct str bytes)
{
	uint64_t key = hash64(bytes, 0);
	sqlite3_stmt *st;
	long id;

	if (bytes.n == 0)
		return 0;
	store_begin(s);
	if (s->pending == NULL)
		load_pending(s);
	if ((id = recall(s, key, bytes)) != 0 || (id = find(s, key, bytes)) != 0) {
		remember(s, key, bytes, id);
		return id;
	}
	st = verb(s, BODY_PUT);
	if (sqlite3_bind_blob64(st, 1, bytes.p, bytes.n, SQLITE_STATIC) != SQLITE_OK)
		store_fail(s, "store a body");
	run(s, st);
	id = sqlite3_last_insert_rowid(s->db);
	add_pending(s, key, id);
	remember(s, key, bytes, id);
	return id;
}

/* The same for a text that is nearly always the one before. */
long
store_intern_again(struct store *s, struct memo *m, struct str bytes)
{
	if (bytes.n == 0)
		return 0;
	if (m->blob == 0 || !str_eq(buf_as_str(&m->text), bytes)) {
		m->blob = store_intern(s, bytes);
		buf_reset(&m->text);
		buf_str(&m->text, bytes);
	}
	return m->blob;
}
