#pragma once

/// The command bus, and what it puts around a command.

#include <stele/commands/command_bus.hpp>
#include <stele/commands/command_error.hpp>
#include <stele/commands/middleware.hpp>
#include <stele/commands/receipt.hpp>
#include <stele/commands/transaction.hpp>
