/*
 * simdjson.cc -- what reading a log costs with simdjson, the fastest parser there is.
 *
 *	simdjson FILE           every line is checked as a whole (DOM) and the twelve fields that
 *	                        `logs read` finds in it are looked up
 *
 * Prints the number of records.  On one core; line by line, as a bad line must not hide others.
 */
#include <simdjson.h>

#include <cstdio>
#include <cstring>
#include <string_view>
#include <vector>

using namespace simdjson;

struct sums { long records; double number; size_t text; };

static void
text(sums &s, simdjson_result<dom::element> v)
{
	std::string_view found;

	if (v.get(found) == SUCCESS)
		s.text += found.size();
}

static void
number(sums &s, simdjson_result<dom::element> v)
{
	double found;

	if (v.get(found) == SUCCESS)
		s.number += found;
}

static void
take(sums &s, dom::element line)
{
	dom::element request, response;
	dom::array messages, choices;
	dom::object metadata;

	text(s, line["request_id"]);
	text(s, line["timestamp"]);
	number(s, line["latency_ms"]);
	number(s, line["ttft_ms"]);
	if (line["metadata"].get(metadata) == SUCCESS)
		s.text += metadata.size();
	if (line["request"].get(request) == SUCCESS) {
		text(s, request["model"]);
		if (request["messages"].get(messages) == SUCCESS && messages.size() > 0)
			text(s, messages.at(messages.size() - 1)["content"]);
	}
	if (line["response"].get(response) == SUCCESS) {
		text(s, response["model"]);
		number(s, response["usage"]["prompt_tokens"]);
		number(s, response["usage"]["completion_tokens"]);
		if (response["choices"].get(choices) == SUCCESS && choices.size() > 0) {
			text(s, choices.at(0)["message"]["content"]);
			text(s, choices.at(0)["finish_reason"]);
		}
	}
	s.records++;
}

int
main(int argc, char **argv)
{
	const size_t chunk = 1 << 20;
	std::vector<char> bytes(2 * chunk + SIMDJSON_PADDING);
	std::FILE *f = argc == 2 ? std::fopen(argv[1], "r") : nullptr;
	dom::parser parser;
	sums s = {};
	size_t kept = 0, got;

	if (f == nullptr) {
		std::fprintf(stderr, "usage: simdjson FILE\n");
		return 2;
	}
	while ((got = std::fread(bytes.data() + kept, 1, chunk, f)) > 0) {
		const char *p = bytes.data(), *end = p + kept + got, *stop;

		for (; (stop = (const char *)std::memchr(p, '\n', (size_t)(end - p))) != nullptr;
		    p = stop + 1) {
			dom::element line;

			if (parser.parse(p, (size_t)(stop - p), false).get(line) == SUCCESS)
				take(s, line);
		}
		kept = (size_t)(end - p);
		std::memmove(bytes.data(), p, kept);
		if (kept > chunk) {
			std::fprintf(stderr, "simdjson: a line of more than %zu bytes\n", chunk);
			return 2;
		}
	}
	std::fclose(f);
	std::printf("%ld\n", s.records);
	return s.number == 0 && s.text == 0;
}
