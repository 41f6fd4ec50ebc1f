/* SPDX-License-Identifier: MIT */
#pragma once
/* cluster_send: what the machine has for others, as bytes to a channel of Redis:
 * which codec and which channel the dialect and the options say. On worker 0. */
#include "cluster/cluster_impl.h"

/* SEND. What cannot be sent is counted. */
void peal_cluster_send_msg(peal_cluster *cluster,
                           const peal_cluster_event *event);
/* SUBSCRIBE (`on`), UNSUBSCRIBE. */
void peal_cluster_send_subscription(peal_cluster *cluster,
                                    const peal_cluster_event *event, bool on);
/* COUNT. */
void peal_cluster_send_count(peal_cluster *cluster,
                             const peal_cluster_event *event);
