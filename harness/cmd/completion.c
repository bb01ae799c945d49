/*
 * cmd/completion.c -- `driftlead completion bash|zsh|fish`: from the option tables.
 */
#include "harness/harness.h"

/* The options of a command, its own first; NULL at the end. */
static const struct opt *
option_at(const struct command *c, size_t i)
{
	size_t own = 0;

	while (c->options != NULL && c->options[own].name != NULL)
		own++;
	if (i < own)
		return &c->options[i];
	i -= own;
	for (size_t k = 0; k < i; k++)
		if (common_options[k].name == NULL)
			return NULL;
	return common_options[i].name ? &common_options[i] : NULL;
}

static void
words(struct buf *b, const struct command *c)
{
	const struct opt *o;

	for (size_t i = 0; (o = option_at(c, i)) != NULL; i++)
		buf_fmt(b, "%s--%s", i ? " " : "", o->name);
}

static void
bash(struct buf *b)
{
	const struct command *const *all = command_all();

	buf_puts(b, "# bash completion for driftlead\n_driftlead()\n{\n"
	    "\tlocal cur=${COMP_WORDS[COMP_CWORD]} cmd=${COMP_WORDS[1]}\n"
	    "\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n\t\tCOMPREPLY=($(compgen -W '");
	for (size_t i = 0; all[i] != NULL; i++)
		buf_fmt(b, "%s%s", i ? " " : "", all[i]->name);
	buf_puts(b, "' -- \"$cur\"))\n\t\treturn\n\tfi\n\tcase $cur in\n\t-*)\n\t\tcase $cmd in\n");
	for (size_t i = 0; all[i] != NULL; i++) {
		buf_fmt(b, "\t\t%s) COMPREPLY=($(compgen -W '", all[i]->name);
		words(b, all[i]);
		buf_puts(b, "' -- \"$cur\")) ;;\n");
	}
	buf_puts(b, "\t\tesac ;;\n\t*) COMPREPLY=($(compgen -f -- \"$cur\")) ;;\n\tesac\n}\n"
	    "complete -o filenames -F _driftlead driftlead\n");
}

/* Inside single quotes of zsh's _arguments and fish's -d. */
static void
quoted(struct buf *b, const char *s, const char *escape)
{
	for (; *s != '\0'; s++) {
		if (*s == '\'') {
			buf_puts(b, "'\\''");
			continue;
		}
		if (strchr(escape, *s) != NULL)
			buf_char(b, '\\');
		buf_char(b, *s);
	}
}

static void
zsh(struct buf *b)
{
	const struct command *const *all = command_all();
	const struct opt *o;

	buf_puts(b, "#compdef driftlead\n_driftlead()\n{\n\tlocal -a commands\n\tcommands=(\n");
	for (size_t i = 0; all[i] != NULL; i++) {
		buf_fmt(b, "\t\t'%s:", all[i]->name);
		quoted(b, all[i]->help, ":");
		buf_puts(b, "'\n");
	}
	buf_puts(b, "\t)\n\tif (( CURRENT == 2 )); then\n\t\t_describe command commands\n"
	    "\t\treturn\n\tfi\n\tcase $words[2] in\n");
	for (size_t i = 0; all[i] != NULL; i++) {
		buf_fmt(b, "\t%s) _arguments", all[i]->name);
		for (size_t k = 0; (o = option_at(all[i], k)) != NULL; k++) {
			buf_fmt(b, " '--%s%s[", o->name, o->arg ? "=" : "");
			quoted(b, o->help, "[]:");
			buf_fmt(b, o->arg ? "]:%s:_files'" : "]'", o->arg);
		}
		buf_puts(b, " '*:file:_files' ;;\n");
	}
	buf_puts(b, "\tesac\n}\n_driftlead \"$@\"\n");
}

static void
fish(struct buf *b)
{
	const struct command *const *all = command_all();
	const struct opt *o;

	buf_puts(b, "# fish completion for driftlead\n");
	for (size_t i = 0; all[i] != NULL; i++) {
		buf_fmt(b, "complete -c driftlead -n __fish_use_subcommand -a %s -d '", all[i]->name);
		quoted(b, all[i]->help, "");
		buf_puts(b, "'\n");
		for (size_t k = 0; (o = option_at(all[i], k)) != NULL; k++) {
			buf_fmt(b, "complete -c driftlead -n '__fish_seen_subcommand_from %s' -l %s",
			    all[i]->name, o->name);
			if (o->letter)
				buf_fmt(b, " -s %c", o->letter);
			buf_fmt(b, "%s -d '", o->arg ? " -r" : "");
			quoted(b, o->help, "");
			buf_puts(b, "'\n");
		}
	}
}

static int
completion(struct session *s, struct err *e)
{
	static const struct { const char *name; void (*write)(struct buf *); } shell[] = {
		{ "bash", bash }, { "zsh", zsh }, { "fish", fish } };

	for (size_t i = 0; i < COUNT(shell); i++)
		if (strcmp(s->operand.text[0], shell[i].name) == 0) {
			shell[i].write(&s->out);
			return EXIT_PASS;
		}
	err_set(e, "there is completion for bash, zsh and fish, not for '%s'", s->operand.text[0]);
	return EXIT_MISTAKE;
}

const struct command command_completion = {
	.name = "completion", .chapter = "about", .operands = "bash|zsh|fish",
	.help = "print the completion script of a shell",
	.min_operands = 1, .max_operands = 1, .no_json = true, .main = completion,
};
