#include "hub/capture/demo_light.h"

#include <stddef.h>

#include "base/obj.h"
#include "hub/capture/demo_art.h"

const float light_of_lamps[3] = { 1.00f, 0.66f, 0.32f };

/* The hours between which light changes evenly. */
static const struct {
	float hour;
	struct light light;
} hours[] = {
	{ 0.0f,
	    { { .05f, .07f, .15f }, { .11f, .15f, .25f }, { .00f, .00f, .00f },
		{ .035f, .045f, .085f }, { .13f, .16f, .24f }, -1, 1, 1, 0 } },
	{ 4.4f,
	    { { .06f, .09f, .18f }, { .17f, .21f, .31f }, { .00f, .00f, .00f },
		{ .045f, .055f, .10f }, { .17f, .20f, .29f }, -1, 1, .9f, 0 } },
	{ 5.3f, { { .22f, .32f, .52f }, { .80f, .62f, .58f },
		    { .05f, .03f, .02f }, { .16f, .18f, .27f },
		    { .66f, .54f, .58f }, -1, .9f, .2f, .7f } },
	{ 6.3f,
	    { { .40f, .57f, .80f }, { 1.0f, .80f, .62f }, { .72f, .44f, .22f },
		{ .30f, .31f, .38f }, { 1.0f, .84f, .72f }, -1, .25f, 0, 1 } },
	{ 8.0f, { { .40f, .62f, .89f }, { .86f, .90f, .92f },
		    { .92f, .76f, .54f }, { .36f, .41f, .48f },
		    { 1.0f, .97f, .92f }, -.75f, 0, 0, .25f } },
	{ 12.0f,
	    { { .33f, .58f, .90f }, { .77f, .88f, .96f }, { 1.0f, .95f, .84f },
		{ .40f, .46f, .54f }, { 1.0f, 1.0f, 1.0f }, 0, 0, 0, 0 } },
	{ 16.0f,
	    { { .36f, .59f, .88f }, { .83f, .89f, .93f }, { 1.0f, .88f, .68f },
		{ .37f, .42f, .50f }, { 1.0f, .98f, .95f }, .7f, 0, 0, .1f } },
	{ 18.6f,
	    { { .38f, .53f, .78f }, { .98f, .82f, .62f }, { 1.0f, .62f, .30f },
		{ .31f, .32f, .38f }, { 1.0f, .88f, .74f }, 1, 0, 0, .8f } },
	{ 20.0f,
	    { { .30f, .36f, .60f }, { 1.0f, .62f, .44f }, { .30f, .13f, .05f },
		{ .21f, .20f, .29f }, { .92f, .60f, .54f }, 1, .7f, .05f, 1 } },
	{ 21.0f, { { .14f, .19f, .37f }, { .48f, .36f, .46f },
		     { .00f, .00f, .00f }, { .09f, .10f, .17f },
		     { .38f, .32f, .43f }, 1, 1, .45f, .35f } },
	{ 22.4f, { { .06f, .08f, .18f }, { .15f, .18f, .29f },
		     { .00f, .00f, .00f }, { .042f, .052f, .096f },
		     { .16f, .18f, .27f }, 1, 1, .95f, 0 } },
	{ 24.0f,
	    { { .05f, .07f, .15f }, { .11f, .15f, .25f }, { .00f, .00f, .00f },
		{ .035f, .045f, .085f }, { .13f, .16f, .24f }, 1, 1, 1, 0 } },
};

static void
mix3(const float *a, const float *b, float t, float *to)
{
	for (int i = 0; i < 3; i++)
		to[i] = art_mix(a[i], b[i], t);
}

void
light_at(float hour, struct light *ret_light)
{
	size_t i = 0;

	while (i + 2 < COUNT(hours) && hour >= hours[i + 1].hour)
		i++;
	const struct light *a = &hours[i].light, *b = &hours[i + 1].light;
	const float t = art_clamp(
	    (hour - hours[i].hour) / (hours[i + 1].hour - hours[i].hour));

	mix3(a->zenith, b->zenith, t, ret_light->zenith);
	mix3(a->horizon, b->horizon, t, ret_light->horizon);
	mix3(a->sun, b->sun, t, ret_light->sun);
	mix3(a->sky, b->sky, t, ret_light->sky);
	mix3(a->cloud, b->cloud, t, ret_light->cloud);
	ret_light->side = art_mix(a->side, b->side, t);
	ret_light->lamps = art_mix(a->lamps, b->lamps, t);
	ret_light->stars = art_mix(a->stars, b->stars, t);
	ret_light->dusk = art_mix(a->dusk, b->dusk, t);
}
