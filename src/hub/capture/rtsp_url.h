/*
 * rtsp_url.h - addresses that a camera sends (RFC 2326 C.1.1, and what cameras
 * make of it). They say what is asked for, never whom: every request goes out
 * on the one connection that the hub made. Pure.
 */
#ifndef HUB_RTSP_URL_H
#define HUB_RTSP_URL_H

#include <stdbool.h>

#include "base/err.h"
#include "base/slice.h"

#define RTSP_URL_ROOM 2048

bool rtsp_url_is_absolute(struct slice s);
/* Same host and port, whatever user stands before them. */
bool rtsp_url_same_camera(struct slice a, struct slice b);
/*
 * What a=control means beside base, with a final NUL: base itself when it is
 * empty or "*". ERR_SYNTAX: octets that a request line cannot hold.
 * ERR_LIMIT.
 */
MUST_USE enum err rtsp_url_control(struct slice base, struct slice control,
    char to[static RTSP_URL_ROOM]);
/* The same without user and password. ERR_SYNTAX, ERR_LIMIT as above. */
MUST_USE enum err
rtsp_url_bare(struct slice url, char to[static RTSP_URL_ROOM]);

#endif
