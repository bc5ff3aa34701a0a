/*
 * demo_story.h - what happens before the demo camera: somebody brings a
 * parcel to the door and goes; later somebody else takes it. A function of
 * the seed and of scene time alone, so that a test can ask what a picture
 * must show.
 *
 * Scene time is in seconds since 1970 at speed 1, and runs faster with speed.
 */
#ifndef HUB_DEMO_STORY_H
#define HUB_DEMO_STORY_H

#include <stdbool.h>
#include <stdint.h>

/* One visit and one taking happen in each round. */
#define STORY_ROUND_S 180

enum story_who {
	STORY_COURIER,
	STORY_TAKER
};

struct story_person {
	bool there;
	enum story_who who;
	float across, away, up; /* metres; see demo_stage.h */
	float turn;   /* where it looks: 0 right, pi / 2 away, pi left */
	float stride; /* metres walked so far: moves the legs */
	float pace;   /* 0 stands, 1 walks */
	float stoop;  /* 0 upright, 1 bent to the ground */
	bool parcel;  /* in its hands */
};

struct story {
	struct story_person person;
	bool parcel_at_door;
	uint32_t round; /* for colours that differ from round to round */
};

/* Times within a round: seconds after its start. */
struct story_times {
	double comes, leaves_parcel, gone, returns, takes, away;
};

void story_times(uint32_t seed, uint64_t round, struct story_times *ret_times);
/* What a picture shows at that time. */
void story_at(uint32_t seed, double scene_s, struct story *ret_story);

#endif
