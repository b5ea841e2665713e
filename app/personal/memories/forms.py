"""The form in which a person writes a note, or changes a memory."""

import csv
import io

from flask_wtf import FlaskForm
from wtforms import Field, HiddenField, StringField, TextAreaField, ValidationError
from wtforms.validators import Optional

from app.memories.own import FOLDER_LENGTH, MOST_TAGS, TAG_LENGTH, TEXT_LENGTH, TITLE_LENGTH
from app.once import identifier_of_new, new_token
from app.sentences import _
from app.text import clean_line, find_line_problem


def _plain(text: str | None) -> str:
    return (text or "").replace("\r\n", "\n").replace("\r", "\n")


class MemoryForm(FlaskForm):
    """A memory as a person writes it. ``seen`` is which version the page showed; ``once`` is of a page for a new one."""

    title = StringField(
        _("Title"),
        validators=[Optional()],
        filters=[lambda text: clean_line(text or "")],
        description=_("If you leave it empty, the first line of the text is the title."),
        render_kw={"maxlength": TITLE_LENGTH, "autocomplete": "off"},
    )
    text = TextAreaField(_("Text"), filters=[_plain], render_kw={"rows": 12})
    tags = StringField(
        _("Tags"),
        validators=[Optional()],
        description=_("With commas between them, such as: recipes, family"),
        render_kw={"autocomplete": "off"},
    )
    folder = StringField(
        _("Folder"),
        validators=[Optional()],
        description=_("Such as Trips/Lisbon: the folder Lisbon in the folder Trips. A new one is made by writing it."),
        render_kw={"maxlength": FOLDER_LENGTH, "autocomplete": "off"},
    )
    seen = HiddenField()
    once = HiddenField(default=new_token)

    def validate_title(self, field: Field) -> None:
        """Raises ``ValidationError`` for a title that is not words on one line."""
        if len(field.data) > TITLE_LENGTH:
            raise ValidationError(_("Write at most %(most)s characters.", most=TITLE_LENGTH))
        problem = find_line_problem(field.data)
        if problem is not None:
            raise ValidationError(_("That title %(problem)s", problem=problem))

    def validate_text(self, field: Field) -> None:
        """Raises ``ValidationError`` for no text, a longer one than is kept, and the one character nothing can keep."""
        if not field.data.strip():
            raise ValidationError(_("Write something."))
        if len(field.data) > TEXT_LENGTH:
            long, most = f"{len(field.data):,}", f"{TEXT_LENGTH:,}"
            raise ValidationError(
                _("That text has %(long)s characters; a memory holds at most %(most)s.", long=long, most=most)
            )
        if "\x00" in field.data:
            raise ValidationError(_("That text contains the character U+0000; leave it out."))

    def validate_tags(self, field: Field) -> None:
        """Raises ``ValidationError`` for too many tags, and for one that is not words on one line."""
        tags = read_tags(field.data)
        if len(tags) > MOST_TAGS:
            raise ValidationError(_("Write at most %(most)s tags.", most=MOST_TAGS))
        for tag in tags:
            if len(tag) > TAG_LENGTH:
                raise ValidationError(_("A tag has at most %(most)s characters.", most=TAG_LENGTH))
            problem = find_line_problem(tag)
            if problem is not None:
                raise ValidationError(_("The tag “%(tag)s” %(problem)s", tag=tag, problem=problem))

    def validate_folder(self, field: Field) -> None:
        """Raises ``ValidationError`` for a path whose parts are not words on one line."""
        folder = read_folder(field.data)
        if len(folder) > FOLDER_LENGTH:
            raise ValidationError(_("Write at most %(most)s characters.", most=FOLDER_LENGTH))
        for name in folder.split("/") if folder else ():
            problem = find_line_problem(name)
            if problem is not None:
                raise ValidationError(_("The folder “%(name)s” %(problem)s", name=name, problem=problem))

    def read_id(self, user_id: str) -> str:
        """Returns the id of the note that this page makes: the same words of one page, sent twice, are one note."""
        written = (str(self[name].data) for name in ("title", "text", "tags", "folder"))
        return identifier_of_new("mry", self.once.data, user_id, *written)

    def read_title(self) -> str:
        """Returns the title; where none is written, the first line of the text that shows anything."""
        lines = (clean_line(line)[:TITLE_LENGTH].rstrip() for line in (self.text.data or "").split("\n"))
        return self.title.data or next((line for line in lines if find_line_problem(line) is None), _("Untitled"))


def read_tags(written: str | None) -> list[str]:
    """Returns the tags of a line, each once. One that has a comma in it stands in quotation marks."""
    line = " ".join((written or "").split())
    try:
        cells = next(csv.reader([line], skipinitialspace=True, strict=True), [])
    except csv.Error:
        cells = line.split(",")
    return list(dict.fromkeys(tag for tag in map(clean_line, cells) if tag))


def write_tags(tags: list[str]) -> str:
    """Returns the line that :func:`read_tags` reads as these tags."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(tags)
    return line.getvalue().replace(",", ", ") if not any('"' in tag or "," in tag for tag in tags) else line.getvalue()


def read_folder(written: str | None) -> str:
    """Returns the path that was written, without what is empty in it."""
    return "/".join(name for name in map(clean_line, (written or "").split("/")) if name)
