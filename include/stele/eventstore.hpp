#pragma once

/// Events and how they are kept: the floor that everything stands on. A program also includes an engine:
/// stele/sqlite.hpp or stele/memory.hpp.

#include <stele/eventstore/append_condition.hpp>
#include <stele/eventstore/append_result.hpp>
#include <stele/eventstore/causation.hpp>
#include <stele/eventstore/clock.hpp>
#include <stele/eventstore/conflict.hpp>
#include <stele/eventstore/document.hpp>
#include <stele/eventstore/error.hpp>
#include <stele/eventstore/event.hpp>
#include <stele/eventstore/event_batch.hpp>
#include <stele/eventstore/event_query.hpp>
#include <stele/eventstore/event_range.hpp>
#include <stele/eventstore/event_store.hpp>
#include <stele/eventstore/format.hpp>
#include <stele/eventstore/hashtree/leaf.hpp>
#include <stele/eventstore/hashtree/proof.hpp>
#include <stele/eventstore/hashtree/tree_hash.hpp>
#include <stele/eventstore/library_version.hpp>
#include <stele/eventstore/metadata.hpp>
#include <stele/eventstore/read_options.hpp>
#include <stele/eventstore/rejection.hpp>
#include <stele/eventstore/retention/archive.hpp>
#include <stele/eventstore/retention/retention.hpp>
#include <stele/eventstore/stream.hpp>
#include <stele/eventstore/stream_info.hpp>
#include <stele/eventstore/subscription.hpp>
#include <stele/eventstore/system_events.hpp>
#include <stele/eventstore/tags/added_tags.hpp>
#include <stele/eventstore/tags/tag.hpp>
#include <stele/eventstore/tags/tag_list.hpp>
#include <stele/eventstore/uuid.hpp>
#include <stele/eventstore/version.hpp>
