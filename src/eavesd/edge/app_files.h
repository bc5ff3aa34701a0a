/*
 * app_files.h - the web app, made by tools/embed from web/dist.
 */
#ifndef EDGE_APP_FILES_H
#define EDGE_APP_FILES_H

struct app_file {
	const char *path, *type, *etag;
	const unsigned char *gzip;
	unsigned long gzip_octets;
};
extern const struct app_file app_files[];
extern const unsigned app_file_count;

#endif
