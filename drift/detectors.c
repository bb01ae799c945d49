/*
 * detectors.c -- the table of detectors: one row in detectors.def, one file det_<name>.c.
 */
#include "drift/drift.h"

#define DETECTOR(name) extern const struct detector detector_##name;
#include "drift/detectors.def"
#undef DETECTOR

static const struct detector *const all[] = {
#define DETECTOR(name) &detector_##name,
#include "drift/detectors.def"
#undef DETECTOR
	NULL
};

const char *const drift_verdict_name[3] = { "NO DRIFT", "DRIFT", "INCONCLUSIVE" };

const struct detector *const *
detector_all(void)
{
	return all;
}

const struct detector *
detector_find(const char *name)
{
	for (size_t i = 0; all[i] != NULL; i++)
		if (strcmp(all[i]->name, name) == 0)
			return all[i];
	return NULL;
}

const struct detector *
detector_default(enum shape shape)
{
	static const struct detector *const by_shape[] = {
		[SHAPE_NUMBER] = &detector_ks,
		[SHAPE_CATEGORY] = &detector_homogeneity,
		[SHAPE_TEXT] = &detector_ngrams,
		[SHAPE_VECTOR] = &detector_mmd,
	};

	return by_shape[shape];
}
