"""What libraries load for uses that a server does not have: here it is loaded once somebody uses it.

Werkzeug brings its development server along, SQLAlchemy asyncio and the drivers of three databases, ``limits`` its
stores. Together they were a quarter of a start and of a worker's memory. :func:`come_late` puts a stand-in in the place
of each module named below; the first look into one loads the module itself. What is loaded already stays as it is.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from threading import Lock
from types import ModuleType
from typing import Any

#: Modules, and the functions and classes of each that others take out of it as they are imported.
LATE: dict[str, tuple[str, ...]] = {
    "asyncio": ("iscoroutine",),
    "babel.dates": ("format_date", "format_datetime", "format_time", "format_timedelta"),
    "babel.numbers": (
        *("format_compact_currency", "format_compact_decimal", "format_currency", "format_decimal"),
        *("format_percent", "format_scientific"),
    ),
    "click": (),
    "difflib": ("SequenceMatcher", "get_close_matches"),
    "flask.cli": ("AppGroup",),
    "flask_login.test_client": ("FlaskLoginClient",),
    "flask_wtf.i18n": ("translations",),
    "flask_wtf.recaptcha": ("Recaptcha", "RecaptchaField", "RecaptchaWidget"),
    "http.client": (),
    "limits.aio": (),
    "limits.storage.memcached": ("MemcachedStorage",),
    "limits.storage.mongodb": ("MongoDBStorage", "MongoDBStorageBase"),
    "limits.storage.redis": ("RedisStorage",),
    "limits.storage.redis_cluster": ("RedisClusterStorage",),
    "limits.storage.redis_sentinel": ("RedisSentinelStorage",),
    "limits.strategies": (),
    "logging.config": ("dictConfig", "fileConfig"),
    "logging.handlers": (),
    "msgspec.inspect": (),
    "msgspec.json": (),
    "msgspec.msgpack": (),
    "msgspec.toml": (),
    "msgspec.yaml": (),
    "packaging.version": ("Version",),
    "prometheus_client.exposition": (
        *("CONTENT_TYPE_LATEST", "CONTENT_TYPE_PLAIN_0_0_4", "CONTENT_TYPE_PLAIN_1_0_0", "MetricsHandler"),
        *("delete_from_gateway", "generate_latest", "instance_ip_grouping_key", "make_asgi_app", "make_wsgi_app"),
        *("push_to_gateway", "pushadd_to_gateway", "start_http_server", "start_wsgi_server", "write_to_textfile"),
    ),
    "pytz": ("UTC", "timezone"),
    "regex": (),
    "sqlalchemy.dialects.postgresql": (),
    "sqlalchemy.dialects.postgresql.asyncpg": (),
    "sqlalchemy.dialects.postgresql.pg8000": (),
    "sqlalchemy.dialects.postgresql.pg_catalog": (),
    "sqlalchemy.dialects.postgresql.psycopg": ("dialect", "dialect_async"),
    "sqlalchemy.dialects.postgresql.psycopg2": (),
    "sqlalchemy.dialects.postgresql.psycopg2cffi": (),
    "sqlalchemy.dialects.sqlite.aiosqlite": (),
    "sqlalchemy.dialects.sqlite.pysqlcipher": (),
    "werkzeug.sansio.multipart": ("Data", "Epilogue", "Field", "File", "MultipartDecoder", "NeedData"),
    "werkzeug.serving": ("is_running_from_reloader", "run_simple"),
    "werkzeug.test": ("Client",),
    "yaml": (),
}


#: A class, and the objects of it that a library makes as it is imported or for each app, mostly for nothing: they come
#: late, too.
_CLASSES = {("flask.cli", "AppGroup")}


class StandIn:
    """A function, class or object of a late module, which is looked up when it is used."""

    def __init__(self, module: "LateModule", name: str) -> None:
        self._module, self._name = module, name

    def _itself(self) -> Any:
        return getattr(self._module.load(), self._name)

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        if (self._module.__name__, self._name) in _CLASSES:
            return LateObject(lambda: self._itself()(*arguments, **named))
        return self._itself()(*arguments, **named)

    def __getattr__(self, name: str) -> Any:
        if name == "__parameters__" or name.startswith("__typing_"):
            # A type hint asks whether it is a type variable.
            raise AttributeError(name)
        return getattr(self._itself(), name)

    def __instancecheck__(self, instance: object) -> bool:
        return isinstance(instance, self._itself())

    def __mro_entries__(self, _bases: tuple[Any, ...]) -> tuple[Any, ...]:
        return (self._itself(),)


class LateObject:
    """Stands in the place of an object, which the first look at it makes."""

    def __init__(self, make: Callable[[], Any]) -> None:
        vars(self).update(_make=make, _told={})

    def _itself(self) -> Any:
        if "_made" not in vars(self):
            vars(self)["_made"] = made = self._make()
            for name, value in self._told.items():
                setattr(made, name, value)
        return self._made

    def __getattr__(self, name: str) -> Any:
        return getattr(self._itself(), name)

    def __setattr__(self, name: str, value: Any) -> None:
        if "_made" in vars(self):
            setattr(self._made, name, value)
        else:
            self._told[name] = value


class LateModule(ModuleType):
    """Stands in the place of a module, which the first look at what is not here loads."""

    def load(self) -> ModuleType:
        """Returns the module itself."""
        itself: ModuleType | None = self.__dict__.get("_itself")
        if itself is None:
            _finder.let_in(self)
            itself = import_module(self.__name__)
            self.__dict__["_itself"] = itself
            self.__dict__.update({name: value for name, value in vars(itself).items() if not name.startswith("__")})
        return itself

    def leave_stand_ins(self) -> None:
        """From now on looking for one of its names loads it."""
        for name in LATE[self.__name__]:
            if isinstance(self.__dict__.get(name), StandIn):
                del self.__dict__[name]

    def __getattr__(self, name: str) -> Any:
        # Whoever imports it asks it for a dozen of these.
        if name.startswith("__") and "_itself" not in self.__dict__:
            raise AttributeError(name)
        return getattr(self.load(), name)

    def __setattr__(self, name: str, value: Any) -> None:
        # A package whose module is imported has it as an attribute, and a test may put something in a place.
        super().__setattr__(name, value)
        if "_itself" in self.__dict__:
            setattr(self.__dict__["_itself"], name, value)

    def __dir__(self) -> Iterator[str]:
        return iter(dir(self.load()))


class _LateFinder(MetaPathFinder, Loader):
    """Finds the late modules, each until it is loaded."""

    def __init__(self) -> None:
        self._names = set(LATE)
        self._lock = Lock()

    def let_in(self, late: LateModule) -> None:
        """From now on whoever imports it finds the module itself."""
        with self._lock:
            self._names.discard(late.__name__)
            if sys.modules.get(late.__name__) is late:
                del sys.modules[late.__name__]

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        package = sys.modules.get(fullname.rpartition(".")[0])
        if isinstance(package, LateModule) and fullname not in sys.modules:
            package.load()
            return self._as_it_was_loaded(fullname)
        spec = PathFinder.find_spec(fullname, path) if fullname in self._names else None
        if spec is None:
            return None
        late = ModuleSpec(fullname, self)
        late.submodule_search_locations = spec.submodule_search_locations
        return late

    def _as_it_was_loaded(self, name: str) -> ModuleSpec | None:
        """A module that its package has loaded meanwhile must not be loaded again, as Python's own spec of it would."""
        loaded = sys.modules.get(name)
        if loaded is None:
            return None
        spec = ModuleSpec(name, self, loader_state=loaded.__spec__)
        loaded.__spec__ = None
        return spec

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return sys.modules[spec.name] if spec.loader_state else LateModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        if not isinstance(module, LateModule):
            module.__spec__ = module.__spec__ and module.__spec__.loader_state
            return
        for name in LATE[module.__name__]:
            module.__dict__[name] = StandIn(module, name)


_finder = _LateFinder()


def come_late() -> None:
    """Let each of :data:`LATE` that is not loaded yet come when it is used."""
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)


def take_no_more_stand_ins() -> None:
    """All libraries are imported: from here on whoever takes something out of a late module means to use it."""
    for name in LATE:
        late = sys.modules.get(name)
        if isinstance(late, LateModule):
            late.leave_stand_ins()
