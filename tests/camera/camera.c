/*
 * camera.c - a real RTSP camera for tests, by gst-rtsp-server: it serves a
 * pre-encoded clip, again and again.
 *
 *   test-camera CLIP [none|basic|digest] [WORD]...
 *
 * Words: `h265`: the clip is H.265 in Matroska. `aac`, `opus`, `pcmu`, `pcma`:
 * a tone beside it. `udp`: packets go by UDP alone. `times`: a line
 * `given N US` for each picture whose last packet goes out, US since 1970.
 *
 * Prints `port N`. Words on standard input: `drop` closes every connection,
 * `stall` stops sending and keeps the connection, `go` sends again, `quit`.
 * User ada, password by the environment's CAMERA_PASSWORD.
 */
#include <gst/gst.h>
#include <gst/rtsp-server/rtsp-server.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static GMainLoop *loop;
static GstRTSPServer *server;
static gint stalled;

static GstRTSPFilterResult
each_drop(GstRTSPServer *s, GstRTSPClient *client, gpointer ctx)
{
	(void)s;
	(void)client;
	(void)ctx;
	return GST_RTSP_FILTER_REMOVE;
}

static GstPadProbeReturn
buffer_passes(GstPad *pad, GstPadProbeInfo *info, gpointer ctx)
{
	(void)pad;
	(void)info;
	(void)ctx;
	return g_atomic_int_get(&stalled) ? GST_PAD_PROBE_DROP
					  : GST_PAD_PROBE_OK;
}

static gint pictures;

/* RFC 3550: the marker is the first bit of the second octet. */
static gboolean
ends_picture(GstBuffer *packet)
{
	guint8 head[2] = { 0 };

	return gst_buffer_extract(packet, 0, head, sizeof head) ==
		   sizeof head &&
	       (head[1] & 0x80) != 0;
}

/* The sink has waited for the clock by now: this packet goes out at once. */
static GstPadProbeReturn
packets_given(GstPad *pad, GstPadProbeInfo *info, gpointer ctx)
{
	GstBufferList *list = GST_PAD_PROBE_INFO_BUFFER_LIST(info);
	GstBuffer *last = GST_PAD_PROBE_INFO_BUFFER(info);

	(void)pad;
	(void)ctx;
	if ((info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST) != 0)
		last = gst_buffer_list_get(list,
		    gst_buffer_list_length(list) - 1);
	if (ends_picture(last))
		(void)printf("given %d %" G_GINT64_FORMAT "\n", pictures++,
		    g_get_real_time());
	(void)fflush(stdout);
	return GST_PAD_PROBE_OK;
}

static void
media_made(GstRTSPMediaFactory *factory, GstRTSPMedia *media, gpointer ctx)
{
	GstElement *pipeline = gst_rtsp_media_get_element(media);
	GstElement *pay = gst_bin_get_by_name(GST_BIN(pipeline), "pay0");
	GstPad *pad = gst_element_get_static_pad(pay, "src");

	(void)factory;
	if (ctx != NULL) {
		pictures = 0;
		(void)gst_pad_add_probe(pad,
		    GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST,
		    packets_given, NULL, NULL);
	}
	(void)gst_pad_add_probe(pad,
	    GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST,
	    buffer_passes, NULL, NULL);
	gst_object_unref(pad);
	gst_object_unref(pay);
	gst_object_unref(pipeline);
}

static gboolean
word_came(GIOChannel *channel, GIOCondition condition, gpointer ctx)
{
	gchar *line = NULL;
	const GIOStatus s = g_io_channel_read_line(channel, &line, NULL, NULL,
	    NULL);

	(void)condition;
	(void)ctx;
	if (s != G_IO_STATUS_NORMAL || g_str_has_prefix(line, "quit"))
		g_main_loop_quit(loop);
	else if (g_str_has_prefix(line, "drop"))
		(void)gst_rtsp_server_client_filter(server, each_drop, NULL);
	else if (g_str_has_prefix(line, "stall"))
		g_atomic_int_set(&stalled, 1);
	else if (g_str_has_prefix(line, "go"))
		g_atomic_int_set(&stalled, 0);
	g_free(line);
	return TRUE;
}

static void
login_want(GstRTSPMediaFactory *factory, const char *scheme)
{
	GstRTSPAuth *auth = gst_rtsp_auth_new();
	const char *password = getenv("CAMERA_PASSWORD");
	GstRTSPToken
	    *token = gst_rtsp_token_new(GST_RTSP_TOKEN_MEDIA_FACTORY_ROLE,
		G_TYPE_STRING, "user", NULL);

	if (password == NULL)
		password = "";
	if (strcmp(scheme, "digest") == 0) {
		gst_rtsp_auth_set_supported_methods(auth, GST_RTSP_AUTH_DIGEST);
		gst_rtsp_auth_add_digest(auth, "ada", password, token);
	} else {
		gchar *basic = gst_rtsp_auth_make_basic("ada", password);

		gst_rtsp_auth_add_basic(auth, basic, token);
		g_free(basic);
	}
	gst_rtsp_token_unref(token);
	gst_rtsp_server_set_auth(server, auth);
	g_object_unref(auth);
	gst_rtsp_media_factory_add_role(factory, "user",
	    GST_RTSP_PERM_MEDIA_FACTORY_ACCESS, G_TYPE_BOOLEAN, TRUE,
	    GST_RTSP_PERM_MEDIA_FACTORY_CONSTRUCT, G_TYPE_BOOLEAN, TRUE, NULL);
}

static gboolean
is_said(int argc, char **argv, const char *word)
{
	for (int i = 3; i < argc; i++)
		if (strcmp(argv[i], word) == 0)
			return TRUE;
	return FALSE;
}

static const char *
sound_launch(int argc, char **argv)
{
	static const struct {
		const char *word, *launch;
	} sounds[] = {
		{ "aac", "audio/x-raw,rate=16000,channels=1 ! voaacenc "
			 "bitrate=32000 ! aacparse ! rtpmp4gpay name=pay1 "
			 "pt=97" },
		{ "opus", "audio/x-raw,rate=48000,channels=1 ! opusenc "
			  "bitrate=24000 ! rtpopuspay name=pay1 pt=97" },
		{ "pcmu", "audio/x-raw,rate=8000,channels=1 ! mulawenc ! "
			  "rtppcmupay name=pay1 max-ptime=20000000" },
		{ "pcma", "audio/x-raw,rate=8000,channels=1 ! alawenc ! "
			  "rtppcmapay name=pay1 max-ptime=20000000" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(sounds); i++)
		if (is_said(argc, argv, sounds[i].word))
			return sounds[i].launch;
	return NULL;
}

static gchar *
launch_make(int argc, char **argv)
{
	const char *sound = sound_launch(argc, argv);
	gchar *video, *all;

	/* matroska keeps each picture's time; the payloader paces by it */
	video = is_said(argc, argv, "h265")
		    ? g_strdup_printf("multifilesrc location=%s ! "
				      "matroskademux ! h265parse ! "
				      "rtph265pay name=pay0 pt=96",
			  argv[1])
		    : g_strdup_printf(
			  "multifilesrc location=%s loop=true ! "
			  "h264parse ! video/x-h264,framerate=15/1,"
			  "stream-format=byte-stream,alignment=au ! "
			  "identity sync=true ! h264parse ! "
			  "rtph264pay name=pay0 pt=96 config-interval=-1 "
			  "aggregate-mode=zero-latency",
			  argv[1]);
	all = g_strdup_printf("( %s %s%s )", video,
	    sound == NULL ? ""
			  : "audiotestsrc is-live=true volume=0.1 "
			    "samplesperbuffer=320 ! audioresample ! ",
	    sound == NULL ? "" : sound);
	g_free(video);
	return all;
}

int
main(int argc, char **argv)
{
	const char *scheme = argc > 2 ? argv[2] : "none";
	static gchar yes;
	gchar *times = is_said(argc, argv, "times") ? &yes : NULL;
	GstRTSPMediaFactory *factory;
	gchar *launch;

	if (argc < 2)
		return 2;
	gst_init(&argc, &argv);
	loop = g_main_loop_new(NULL, FALSE);
	server = gst_rtsp_server_new();
	gst_rtsp_server_set_address(server, "127.0.0.1");
	gst_rtsp_server_set_service(server, "0");
	factory = gst_rtsp_media_factory_new();
	launch = launch_make(argc, argv);
	gst_rtsp_media_factory_set_launch(factory, launch);
	g_free(launch);
	if (is_said(argc, argv, "udp"))
		gst_rtsp_media_factory_set_protocols(factory,
		    GST_RTSP_LOWER_TRANS_UDP);
	gst_rtsp_media_factory_set_shared(factory, FALSE);
	(void)g_signal_connect(factory, "media-configure",
	    G_CALLBACK(media_made), times);
	if (strcmp(scheme, "none") != 0)
		login_want(factory, scheme);
	GstRTSPMountPoints *mounts = gst_rtsp_server_get_mount_points(server);
	gst_rtsp_mount_points_add_factory(mounts, "/live", factory);
	g_object_unref(mounts);
	if (gst_rtsp_server_attach(server, NULL) == 0)
		return 1;
	(void)printf("port %d\n", gst_rtsp_server_get_bound_port(server));
	(void)fflush(stdout);
	GIOChannel *in = g_io_channel_unix_new(0);
	(void)g_io_add_watch(in, G_IO_IN | G_IO_HUP, word_came, NULL);
	g_main_loop_run(loop);
	return 0;
}
