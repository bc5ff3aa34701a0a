/* A signing request: refused or told whose key it is, never more. */
#include "crypto/x509.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t hash[SHA256_OCTETS], same[SHA256_OCTETS];

	if (csr_check(slice_make(data, n), hash) != ERR_OK)
		return 0;
	assert(n <= CSR_OCTETS_MAX);
	assert(csr_check(slice_make(data, n), same) == ERR_OK);
	assert(octets_equal(hash, same, sizeof hash));
	return 0;
}
