/*
 * lan_name.c - the address bar's name for whoever shows a certificate: the
 * first name in it that can stand in an address.
 */
#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "cli/cli.h"

#define NAME_OCTETS 256

static bool
name_text(const GENERAL_NAME *n, char ret_text[static NAME_OCTETS])
{
	int type;
	const ASN1_STRING *s = GENERAL_NAME_get0_value(n, &type);
	const uint8_t *at = ASN1_STRING_get0_data(s);
	const int len = ASN1_STRING_length(s);
	char v6[INET6_ADDRSTRLEN];

	if (type == GEN_DNS && len > 0 && len < NAME_OCTETS && at[0] != '*') {
		memcpy(ret_text, at, (size_t)len);
		ret_text[len] = '\0';
		return strlen(ret_text) == (size_t)len;
	}
	if (type == GEN_IPADD && len == 4)
		return inet_ntop(AF_INET, at, ret_text, NAME_OCTETS) != NULL;
	if (type == GEN_IPADD && len == 16 &&
	    inet_ntop(AF_INET6, at, v6, sizeof v6) != NULL) {
		(void)snprintf(ret_text, NAME_OCTETS, "[%s]", v6);
		return true;
	}
	return false;
}

int
cli_lan_name(int argc, char **argv)
{
	char text[NAME_OCTETS];
	bool found = false;
	FILE *f;

	if (argc != 2)
		return 2;
	if ((f = fopen(argv[1], "r")) == NULL) {
		(void)fputs("eaves: cannot read the certificate\n", stderr);
		return 1;
	}
	X509 *x = PEM_read_X509(f, NULL, NULL, NULL);
	(void)fclose(f);
	GENERAL_NAMES *names = x == NULL
				   ? NULL
				   : X509_get_ext_d2i(x, NID_subject_alt_name,
					 NULL, NULL);
	for (int i = 0; !found && i < sk_GENERAL_NAME_num(names); i++)
		found = name_text(sk_GENERAL_NAME_value(names, i), text);
	GENERAL_NAMES_free(names);
	X509_free(x);
	if (!found) {
		(void)fputs("eaves: no name in this certificate\n", stderr);
		return 1;
	}
	(void)puts(text);
	return 0;
}
