#pragma once

/// Process managers and deadlines.

#include <stele/processes/process_limits.hpp>
#include <stele/processes/process_manager.hpp>
#include <stele/processes/process_runner.hpp>
#include <stele/processes/process_status.hpp>
#include <stele/processes/reaction.hpp>
