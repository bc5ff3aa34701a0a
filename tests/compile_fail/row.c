/* A handle in a row: no cell is made of plain octets. */
#include "store/store.h"

enum err
handle_keep(struct store *s, struct slice handle, struct sealed sealed);
enum err
handle_keep(struct store *s, struct slice handle, struct sealed sealed)
{
	const struct index16 name = { { { 0 } } };

	(void)handle;
#ifdef LEAK
	return store_write(s, SQL_ACCOUNT_ADD,
	    CELLS(cell_index(&name), cell_sealed(handle)));
#else
	return store_write(s, SQL_ACCOUNT_ADD,
	    CELLS(cell_index(&name), cell_sealed(sealed)));
#endif
}
