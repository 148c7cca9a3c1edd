"""One calm theme, light and dark: neutral paper, one accent, pictures on black. Details are in ui/web/style.css."""

import gradio as gr
from gradio.themes.utils.fonts import LocalFont

# Served by Gradio itself, so no request leaves the host; of the weights it ships, 600 lacks most letters.
# Korean falls through to the system's font.
KOREAN = ["Pretendard", "Apple SD Gothic Neo", "Malgun Gothic", "Noto Sans KR", "Noto Sans CJK KR", "NanumGothic"]
SANS: list[gr.themes.Font | str] = [LocalFont("IBM Plex Sans", weights=(400, 700)), *KOREAN]
MONO: list[gr.themes.Font | str] = [LocalFont("IBM Plex Mono", weights=(400, 700)), "ui-monospace", "monospace"]
ACCENT = gr.themes.Color(
    name="pine",
    c50="#effaf7",
    c100="#d5f2ea",
    c200="#aee4d6",
    c300="#7ccfbb",
    c400="#48b39c",
    c500="#279883",
    c600="#147a69",
    c700="#136256",
    c800="#144e46",
    c900="#13413b",
    c950="#062521",
)
NEUTRAL = gr.themes.Color(
    name="paper",
    c50="#fafaf8",
    c100="#f4f4f1",
    c200="#e6e6e1",
    c300="#d3d3cd",
    c400="#a3a39d",
    c500="#6d6d68",
    c600="#54544f",
    c700="#3b3b38",
    c800="#242422",
    c900="#191918",
    c950="#111110",
)


def make_theme() -> gr.themes.Base:
    """Build the theme for `launch`."""
    return gr.themes.Base(
        primary_hue=ACCENT,
        secondary_hue=ACCENT,
        neutral_hue=NEUTRAL,
        font=[*SANS, "system-ui", "sans-serif"],
        font_mono=MONO,
        radius_size=gr.themes.sizes.radius_lg,
        spacing_size=gr.themes.sizes.spacing_lg,
        text_size=gr.themes.sizes.text_md,
    ).set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_950",
        body_text_color="*neutral_800",
        body_text_color_dark="*neutral_100",
        body_text_color_subdued="*neutral_500",
        body_text_color_subdued_dark="*neutral_400",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_border_width="0px",
        block_shadow="none",
        block_padding="0px",
        block_label_background_fill="transparent",
        block_label_background_fill_dark="transparent",
        block_label_border_width="0px",
        block_label_text_color="*neutral_600",
        block_label_text_color_dark="*neutral_300",
        block_title_text_weight="600",
        block_title_text_color="*neutral_800",
        block_title_text_color_dark="*neutral_100",
        border_color_primary="*neutral_200",
        border_color_primary_dark="*neutral_800",
        input_background_fill="white",
        input_background_fill_dark="*neutral_900",
        input_border_color="*neutral_300",
        input_border_color_dark="*neutral_700",
        button_secondary_background_fill="white",
        button_secondary_background_fill_dark="*neutral_900",
        button_secondary_background_fill_hover="*neutral_100",
        button_secondary_background_fill_hover_dark="*neutral_800",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_dark="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_hover_dark="*primary_700",
        button_border_width="1px",
        button_secondary_shadow="none",
        button_secondary_shadow_hover="none",
        button_secondary_border_color="*neutral_300",
        button_secondary_border_color_dark="*neutral_700",
        slider_color="*primary_600",
        slider_color_dark="*primary_400",
        link_text_color="*primary_700",
        link_text_color_dark="*primary_300",
    )
