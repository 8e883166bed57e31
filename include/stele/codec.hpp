#pragma once

/// Protobuf messages to events and back, and how events change.

#include <stele/codec/codec.hpp>
#include <stele/codec/make.hpp>
#include <stele/codec/schema.hpp>
#include <stele/codec/stored_as.hpp>
#include <stele/codec/tags/tag_stored_events.hpp>
#include <stele/codec/upcast.hpp>
