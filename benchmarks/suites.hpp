#pragma once

#include "benchmarks/report.hpp"
#include "benchmarks/settings.hpp"

#include <stele/eventstore/sqlite/sqlite_store.hpp>

/// What is measured. Each function puts the metrics that begin with the name of its suite into the report.
namespace bench {

/// One thread, `events_each` events per append, each append to a stream chosen at random of 10 000.
void measure_append(const settings& wanted, report& out, std::size_t events_each, stele::durability durability);

/// 100 events per append, NORMAL: against rows without an index, and against the schema of a textbook.
void measure_indexed_append(const settings& wanted, report& out);

/// One thread with 1 024 appends of one event in flight, against appends of 100 events, FULL.
void measure_async(const settings& wanted, report& out);

/// All of 200 000 events in order; and streams of 100 events, chosen at random. Both while the last 64 k events are not
/// merged into the indices, and when all are.
void measure_reads(const settings& wanted, report& out);
/// A stream of 100 000 events.
void measure_long_stream(const settings& wanted, report& out);

/// 100 events per append, NORMAL: events with two tags against events without any.
void measure_tags(const settings& wanted, report& out);
/// How much longer an append takes that has a condition over two tags, in a store with 5 000 000 events.
void measure_condition(const settings& wanted, report& out);

/// The memory that the events take which are not merged yet, when they are as many as there can be; and how long
/// opening takes when the process was killed then.
void measure_tail(const settings& wanted, report& out);

/// How large a store of 1 000 000 small events is.
void measure_file_size(const settings& wanted, report& out);

/// 64 threads, one event per append, FULL: against one thread, and against 64 connections of plain SQLite.
void measure_threads(const settings& wanted, report& out);

/// How much slower an append gets when the store is large: one event per append, NORMAL, so that no sync hides it.
void measure_growth(const settings& wanted, report& out);

/// Commands to accounts that have some events, against appending the same events without deciding anything. Warm: the
/// bus has their states in its cache; otherwise it reads the stream for each command.
void measure_send(const settings& wanted, report& out, stele::durability durability, bool is_warm);

/// The same by 64 threads to 1 000 accounts whose states the bus keeps, FULL.
void measure_send_threads(const settings& wanted, report& out);

/// A process that answers each event with a command of an instance of its own, against 16 threads that send the same
/// commands.
void measure_processes(const settings& wanted, report& out, stele::durability durability);

/// Loading an account with 10 000 events from them, and from a snapshot with 50 events after it.
void measure_load(const settings& wanted, report& out);

/// Compiling the file of the sample that sends all its commands, as the build does, without a cache.
void measure_compile(const settings& wanted, report& out);

/// Rebuilding a read model from 195 000 events, against the same upserts from memory by plain SQLite, and against
/// applying the events to a read model that serves.
void measure_rebuild(const settings& wanted, report& out);

/// Appends of one event with a projection applied inline, against appends without, NORMAL; and reading what one has
/// just written, against waiting for a projection in the background.
void measure_inline(const settings& wanted, report& out);

/// How long after an append has returned a subscription of the same process handles its event, FULL.
void measure_wakeup(const settings& wanted, report& out);

/// Handing 100 000 events to the handler of a durable subscription that has never run, against a plain one, FULL.
void measure_durable_subscription(const settings& wanted, report& out);

/// Folding 1 000 000 events in memory by a projection runner, against stepping over their rows in plain SQLite.
void measure_replay(const settings& wanted, report& out);

/// How much more memory the process takes at most while it folds 5 000 000 events than before.
void measure_replay_memory(const settings& wanted, report& out);

}  // namespace bench
