/* SPDX-License-Identifier: MIT */
#pragma once
/* client_parts: the options of a client, to those of its parts: its machine and
 * its engine. */
#include "client/client_impl.h"

void peal_client_parts_set_machine(peal_client *client,
                                   const peal_client_opts *opts);
void peal_client_parts_set_engine(peal_client *client,
                                  const peal_client_setup *setup);
