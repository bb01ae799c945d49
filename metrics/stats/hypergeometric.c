/*
 * hypergeometric.c -- white balls among those drawn from an urn without putting back.
 *
 * The probability is a quotient of three binomial ones with any common p (Loader 2000), which
 * has their accuracy.  Tails are sums away from the middle, each term from the last.
 */
#include "metrics/stats/stats.h"

#include <math.h>

struct urn { long white, black, drawn, least, most, mode; };

static struct urn
urn_of(long white, long black, long drawn)
{
	struct urn u = { white, black, drawn, 0, 0, 0 };
	double mode = ((double)drawn + 1) * ((double)white + 1) / ((double)(white + black) + 2);

	u.least = drawn > black ? drawn - black : 0;
	u.most = drawn < white ? drawn : white;
	u.mode = (long)mode;
	u.mode = u.mode < u.least ? u.least : u.mode > u.most ? u.most : u.mode;
	return u;
}

long
hypergeom_mode(long white, long black, long drawn)
{
	return urn_of(white, black, drawn).mode;
}

double
hypergeom_pmf(long k, long white, long black, long drawn)
{
	struct urn u = urn_of(white, black, drawn);
	double p;

	if (k < u.least || k > u.most)
		return 0;
	if (u.least == u.most)
		return 1;
	/* So rounded that 1 - p is exact: then all three see the same pair. */
	p = 1 - (1 - (double)drawn / (double)(white + black));
	return binom_pmf(k, white, p) * binom_pmf(drawn - k, black, p) /
	    binom_pmf(drawn, white + black, p);
}

/* P(X <= k), for k below the mode. */
static double
below(const struct urn *u, long k)
{
	double term = hypergeom_pmf(k, u->white, u->black, u->drawn), sum = term;

	for (; k > u->least && term > 1e-17 * sum; k--) {
		term *= (double)k / (double)(u->white - k + 1) *
		    ((double)(u->black - u->drawn + k) / (double)(u->drawn - k + 1));
		sum += term;
	}
	return fmin(1, sum);
}

/* P(X >= k), for k above the mode. */
static double
above(const struct urn *u, long k)
{
	double term = hypergeom_pmf(k, u->white, u->black, u->drawn), sum = term;

	for (; k < u->most && term > 1e-17 * sum; k++) {
		term *= (double)(u->white - k) / (double)(k + 1) *
		    ((double)(u->drawn - k) / (double)(u->black - u->drawn + k + 1));
		sum += term;
	}
	return fmin(1, sum);
}

static double
cdf(const struct urn *u, long k)
{
	if (k < u->least || k >= u->most)
		return k >= u->most;
	return k < u->mode ? below(u, k) : 1 - above(u, k + 1);
}

double
hypergeom_cdf(long k, long white, long black, long drawn)
{
	struct urn u = urn_of(white, black, drawn);

	return cdf(&u, k);
}

double
hypergeom_sf(long k, long white, long black, long drawn)
{
	struct urn u = urn_of(white, black, drawn);

	if (k < u.least || k >= u.most)
		return k < u.least;
	return k < u.mode ? 1 - below(&u, k) : above(&u, k + 1);
}

/* From the normal approximation outward in growing steps, then by halving. */
long
hypergeom_quantile(double p, long white, long black, long drawn)
{
	struct urn u = urn_of(white, black, drawn);
	double all = (double)white + (double)black, share, sd, guess;
	long lo = u.least - 1, hi = u.most, at, step = 1;

	if (!(p > 0) || u.least == u.most)
		return u.least;
	share = (double)white / all;
	sd = sqrt((double)drawn * share * (1 - share) * ((all - (double)drawn) / (all - 1)));
	guess = (double)drawn * share + sd * normal_quantile(p);
	at = (long)fmin(fmax(guess, (double)u.least), (double)u.most);
	/* cdf(lo) < p <= cdf(hi) throughout. */
	while (hi - lo > 1) {
		if (cdf(&u, at) >= p) {
			hi = at;
			at = at - step > lo ? at - step : lo + (hi - lo) / 2;
		} else {
			lo = at;
			at = at + step < hi ? at + step : lo + (hi - lo) / 2;
		}
		step *= 2;
	}
	return hi;
}
