/* SPDX-License-Identifier: MIT */
#pragma once
/* kit_password: how the store keeps a password: scrypt (RFC7914) of libcrypto,
 * which every Peal program links already, in a text that says its own costs:
 *
 *   $scrypt$ln=15,r=8,p=3$<salt, 16 bytes>$<hash, 32 bytes>
 *
 * (PHC string format; base64 without padding, as passlib writes it). These
 * costs are one of the rows that OWASP holds equal, the one with the least
 * memory: 32 MiB for the time of a guess, which a Raspberry Pi has too. Who
 * tries guesses on a graphics card pays the same memory for each. argon2id
 * would be as good, and one more library; a hash that another program made with
 * other costs is checked all the same, and made anew by the next login. */
#include <peal/base.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
  PEAL_KIT_PASSWORD_BYTES = 192, /* a hash as text, with its terminator */
  PEAL_KIT_PASSWORD_LN = 15,     /* log2 of N: 32 MiB with r = 8 */
  PEAL_KIT_PASSWORD_R = 8,
  PEAL_KIT_PASSWORD_P = 3,
};

/* What a hash costs. 0: the constants above. */
typedef struct peal_kit_password_cost {
  unsigned ln, r, p;
} peal_kit_password_cost;

/* Hash with a new salt. NULL or {0} are the usual costs. Blocks for a tenth of
 * a second or more and takes 128 * r * 2^ln bytes: for the pool, few at a time
 * (kit_people.h does it so).
 * Returns: PEAL_OK, PEAL_ERR_USAGE (a cost outside of ln 4 to 20, r 1 to 32, p
 * 1 to 16, or over 256 MiB), PEAL_ERR_NOMEM, PEAL_ERR_SYSTEM (no random
 * numbers); `out` is empty then. Thread: any. */
PEAL_API PEAL_MUST_CHECK peal_err
peal_kit_password_hash(char out[PEAL_KIT_PASSWORD_BYTES], peal_slice password,
                       const peal_kit_password_cost *cost);
/* Is it the password of `hash`? Costs as the hash says, within the bounds of
 * peal_kit_password_hash; in the same time whatever differs. *is_old (may be
 * NULL) is set if it was made with other costs than `cost`.
 * Returns: PEAL_OK with *is_right set, PEAL_ERR_USAGE (`hash` is none),
 * PEAL_ERR_NOMEM. Thread: any. */
PEAL_API PEAL_MUST_CHECK peal_err
peal_kit_password_check(bool *is_right, bool *is_old, peal_slice password,
                        peal_slice hash, const peal_kit_password_cost *cost);

#ifdef __cplusplus
}
#endif
